-- What a policy has learned, the newest last. Reads policy_models.
SELECT policy, version, learned_from, learned_to, decisions, score, learned_at, content
FROM policy_models
WHERE policy = $policy
ORDER BY version, learned_at

-- The decisions taken already by a campaign for a broadcast. Reads decisions.
SELECT decision_id
FROM decisions
WHERE broadcast = $broadcast AND campaign = $campaign
ORDER BY decision_id

-- The decisions already taken for a campaign and broadcast, with the broadcast they were taken for: their messages are
-- known by it. Reads decisions.
SELECT
  decision_id, campaign, occurrence AS broadcast, customer, user_id, decided_at, action, reason, policy, policy_version, timing,
  step, send_at, channel, offer, products, propensity, expected_profit_minor, cost_minor, features_hash, seed, context
FROM decisions
WHERE campaign = $campaign AND broadcast = $broadcast
ORDER BY customer, step

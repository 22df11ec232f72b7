-- The decisions already taken for a campaign and broadcast, as they were taken. Reads decisions.
SELECT
  decision_id, campaign, campaign_version, occasion, occasion AS broadcast, customer, user_id, decided_at, action,
  reason, policy, policy_version, timing, step, send_at, channel, offer, products, why, propensity,
  expected_profit_minor, cost_minor, offer_cost, offer_price_minor, offer_expires_at, intent, stage, language, timezone,
  holdout_chance, dropped_steps, dropped_reasons, stop_since, expires_at, features_hash, seed
FROM decisions
WHERE campaign = $campaign AND broadcast = $broadcast
ORDER BY customer, step

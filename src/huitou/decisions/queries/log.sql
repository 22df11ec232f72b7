-- What was decided, from what was seen, and what came of it: one row a plan; timing, channel and offer are null for nothing,
-- and what the held-out would have got. propensity: of what happened, holdout included. Reads decisions,
-- decision_features, outcomes.
WITH plans AS (
  SELECT
    campaign, occasion, customer, decided_at, action, reason, policy, policy_version, timing, channel, offer, propensity,
    holdout_chance, intent,
    row_number() OVER (PARTITION BY campaign, occasion, customer ORDER BY decided_at, step, decision_id) AS place
  FROM decisions
)
SELECT
  p.campaign, p.occasion, p.customer, p.decided_at, p.action, p.reason, p.policy, p.policy_version, p.timing, p.channel,
  p.offer, p.propensity, p.holdout_chance, p.intent,
  f.watch_seconds, f.comments, f.questions, f.likes, f.clicks, f.carts, f.products_seen, f.orders, f.last_order_at,
  f.average_minor, f.active_hour, f.broadcasts, f.lifecycle, f.rfm, f.asked, f.price_minor, f.margin_minor, f.ended_at,
  o.profit_minor
FROM plans AS p
JOIN decision_features AS f ON f.campaign = p.campaign AND f.occasion = p.occasion AND f.customer = p.customer
  AND f.decided_at = p.decided_at
JOIN outcomes AS o ON o.campaign = p.campaign AND o.occasion = p.occasion AND o.customer = p.customer
WHERE p.place = 1
ORDER BY p.campaign, p.occasion, p.customer

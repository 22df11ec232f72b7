-- Every decision about one customer (also under ids that merges absorbed), the latest first, with what was known of them
-- (null where it was not kept). Reads decisions, decision_features, merges.
WITH seen AS (
  SELECT
    f.campaign,
    f.occasion,
    f.customer,
    max(f.watch_seconds) AS watched,
    max(f.carts) AS carts,
    max(f.asked) AS asked,
    max(f.clicks) AS clicks,
    max(f.orders) AS orders
  FROM decision_features AS f
  LEFT JOIN merges AS m ON m.customer = f.customer
  WHERE coalesce(m.root, f.customer) = $customer
  GROUP BY f.campaign, f.occasion, f.customer
)
SELECT
  d.decision_id, d.campaign, d.broadcast, d.decided_at, d.action, d.reason, d.policy, d.policy_version, d.timing,
  d.step, d.send_at, d.channel, d.offer, d.propensity,
  CAST(d.expected_profit_minor * 1000000 AS BIGINT) AS profit_micro,
  d.intent, d.timezone, d.dropped_steps, d.dropped_reasons,
  s.watched, s.carts, s.asked, s.clicks, s.orders
FROM decisions AS d
LEFT JOIN merges AS m ON m.customer = d.customer
LEFT JOIN seen AS s ON s.campaign = d.campaign AND s.occasion = d.occasion AND s.customer = d.customer
WHERE coalesce(m.root, d.customer) = $customer
ORDER BY d.decided_at DESC, d.campaign, d.broadcast, d.step, d.decision_id

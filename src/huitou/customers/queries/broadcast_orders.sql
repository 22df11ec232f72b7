-- Which orders were placed in which broadcast: created or paid, not cancelled, between its start and $grace_us after
-- its end ($now while it is live), whenever that was told and whatever broadcast the order names. Reads orders,
-- broadcasts, wanted. ordered_at: the first of the two moments that lies within.
WITH moments AS (
  SELECT order_id, shop, customer, amount_minor, currency, placed_at AS moment_at
  FROM orders
  WHERE status <> 'cancelled' AND customer IS NOT NULL
  UNION
  SELECT order_id, shop, customer, amount_minor, currency, paid_at AS moment_at
  FROM orders
  WHERE status <> 'cancelled' AND customer IS NOT NULL AND paid_at IS NOT NULL
),
spans AS (
  SELECT b.broadcast, b.started_at, coalesce(b.ended_at, $now) + $grace_us AS closes_at
  FROM broadcasts AS b
  JOIN wanted AS w ON w.broadcast = b.broadcast
)
SELECT
  s.broadcast,
  m.customer,
  m.order_id,
  m.shop,
  m.amount_minor,
  m.currency,
  min(m.moment_at) AS ordered_at
FROM moments AS m
JOIN spans AS s ON m.moment_at >= s.started_at AND m.moment_at <= s.closes_at
GROUP BY s.broadcast, m.customer, m.order_id, m.shop, m.amount_minor, m.currency
ORDER BY s.broadcast, m.customer, m.order_id, m.shop

-- What was known of each assigned customer before the draw: orders and money before the broadcast, behaviour in it.
-- Reads assigned(customer), orders, visits.
WITH past AS (
  SELECT
    customer,
    count(*) AS past_orders,
    CAST(sum(amount_minor - refunded_minor) AS BIGINT) AS past_minor
  FROM orders
  WHERE status NOT IN ('cancelled', 'created') AND paid_at < $started_at
  GROUP BY customer
)
SELECT
  a.customer,
  coalesce(p.past_orders, 0) AS past_orders,
  coalesce(p.past_minor, 0) AS past_minor,
  coalesce(v.watch_seconds, 0) AS watch_seconds,
  coalesce(v.carts, 0) AS carts,
  coalesce(v.clicks, 0) AS clicks,
  coalesce(v.questions, 0) AS questions
FROM assigned AS a
LEFT JOIN past AS p ON p.customer = a.customer
LEFT JOIN visits AS v ON v.customer = a.customer AND v.broadcast = $broadcast
ORDER BY a.customer

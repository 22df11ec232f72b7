-- What was so before each assigned customer's decision: orders and money ($currency's) before the broadcast, behaviour in it, orders
-- in it that were told too late to keep the person out of the plan. Reads assigned(customer, since_at), orders, visits.
WITH past AS (
  SELECT
    o.customer,
    CAST(sum(CASE WHEN o.paid_at < $started_at THEN 1 ELSE 0 END) AS BIGINT) AS past_orders,
    CAST(sum(CASE WHEN o.paid_at < $started_at AND coalesce(o.currency, $currency) = $currency
      THEN least(o.amount_minor, 100000000000) - least(o.refunded_minor, 100000000000) ELSE 0 END) AS BIGINT)
      AS past_minor,
    CAST(sum(CASE WHEN o.paid_at >= $started_at THEN 1 ELSE 0 END) AS BIGINT) AS late_told
  FROM orders AS o
  JOIN assigned AS a ON a.customer = o.customer
  WHERE o.status NOT IN ('cancelled', 'created') AND o.paid_at < greatest(a.since_at, $ended_at)
  GROUP BY o.customer
),
seen AS (
  SELECT
    coalesce(m.root, v.customer) AS customer,
    CAST(sum(v.watch_seconds) AS BIGINT) AS watch_seconds,
    CAST(sum(v.carts) AS BIGINT) AS carts,
    CAST(sum(v.clicks) AS BIGINT) AS clicks,
    CAST(sum(v.questions) AS BIGINT) AS questions
  FROM visits AS v
  LEFT JOIN merges AS m ON m.customer = v.customer
  WHERE v.broadcast = $broadcast
  GROUP BY coalesce(m.root, v.customer)
)
SELECT
  a.customer,
  coalesce(p.past_orders, 0) AS past_orders,
  coalesce(p.past_minor, 0) AS past_minor,
  coalesce(p.late_told, 0) AS late_told,
  coalesce(v.watch_seconds, 0) AS watch_seconds,
  coalesce(v.carts, 0) AS carts,
  coalesce(v.clicks, 0) AS clicks,
  coalesce(v.questions, 0) AS questions
FROM assigned AS a
LEFT JOIN past AS p ON p.customer = a.customer
LEFT JOIN seen AS v ON v.customer = a.customer
ORDER BY a.customer

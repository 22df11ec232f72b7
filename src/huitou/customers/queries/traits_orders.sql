-- Portrait, family orders: what each person has bought up to $now. Reads orders. A purchase is an order that was paid
-- (or shipped or received), neither cancelled nor refunded whole. Money is in the currency in which the person has most
-- purchases; `orders` counts all. '' is a currency nobody told. spent_minor is less what was given back, also for
-- orders from before the data begin, but never below nothing.
WITH mine AS (
  SELECT
    customer,
    coalesce(currency, '') AS currency,
    amount_minor,
    refunded_minor,
    refunded_at,
    coalesce(paid_at, placed_at) AS bought_at,
    CASE WHEN status IN ('paid', 'shipped', 'received') THEN 1 ELSE 0 END AS kept,
    CASE WHEN created_at IS NULL AND paid_at IS NULL AND shipped_at IS NULL AND received_at IS NULL THEN 0 ELSE 1 END
      AS bought
  FROM orders
  WHERE customer IS NOT NULL
),
totals AS (
  SELECT
    customer, currency,
    count(CASE WHEN kept = 1 THEN 1 END) AS orders,
    CAST(
      greatest(least(sum(
        CASE
          WHEN kept = 1 THEN amount_minor - refunded_minor
          WHEN bought = 0 THEN -refunded_minor
          ELSE 0
        END
      ), 1000000000000000), 0)
      AS BIGINT
    ) AS spent_minor,
    CAST(least(sum(refunded_minor), 1000000000000000) AS BIGINT) AS refunded_minor,
    max(bought_at) AS last_at
  FROM mine
  GROUP BY customer, currency
),
main AS (
  SELECT
    customer,
    arg_max(currency, {'n': orders, 't': last_at, 'c': currency}) AS currency,
    arg_max(orders, {'n': orders, 't': last_at, 'c': currency}) AS main_orders,
    arg_max(spent_minor, {'n': orders, 't': last_at, 'c': currency}) AS spent_minor,
    arg_max(refunded_minor, {'n': orders, 't': last_at, 'c': currency}) AS refunded_minor
  FROM totals
  GROUP BY customer
),
times AS (
  SELECT
    customer,
    count(CASE WHEN kept = 1 THEN 1 END) AS orders,
    count(CASE WHEN refunded_at IS NOT NULL THEN 1 END) AS refunds,
    min(CASE WHEN kept = 1 THEN bought_at END) AS first_order_at,
    max(CASE WHEN kept = 1 THEN bought_at END) AS last_order_at
  FROM mine
  GROUP BY customer
),
gaps AS (
  SELECT
    customer,
    bought_at,
    lag(bought_at) OVER (PARTITION BY customer ORDER BY bought_at) AS before_at
  FROM (SELECT DISTINCT customer, bought_at FROM mine WHERE kept = 1) AS moments
),
latest AS (
  SELECT customer, arg_max(bought_at - before_at, {'t': bought_at}) AS last_gap_us
  FROM gaps
  WHERE before_at IS NOT NULL
  GROUP BY customer
)
SELECT
  t.customer,
  t.orders,
  t.first_order_at,
  t.last_order_at,
  ($now - t.last_order_at) // 86400000000 AS recency_days,
  l.last_gap_us // 86400000000 AS last_gap_days,
  m.currency,
  m.spent_minor,
  m.spent_minor // nullif(m.main_orders, 0) AS average_minor,
  t.refunds,
  m.refunded_minor
FROM times AS t
JOIN main AS m ON m.customer = t.customer
LEFT JOIN latest AS l ON l.customer = t.customer
ORDER BY t.customer

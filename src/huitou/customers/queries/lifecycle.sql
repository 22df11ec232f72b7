-- The stage of each person, first that applies (days are whole days before $now; quiet: since the last order or the
-- last own sign of life). Reads customers, traits_orders, traits_seen.
--   prospect  bought nothing (that they kept)
--   lost      quiet for more than $lost_days
--   dormant   quiet for more than $dormant_days
--   won_back  the last order came after a pause of more than $lost_days
--   loyal     at least $loyal_orders orders
--   new       the first order at most $new_days ago
--   active    everybody else
WITH measured AS (
  SELECT
    c.root AS customer,
    coalesce(o.orders, 0) AS orders,
    o.last_gap_days,
    ($now - o.first_order_at) // 86400000000 AS first_order_days,
    ($now - greatest(o.last_order_at, coalesce(s.last_seen_at, o.last_order_at))) // 86400000000 AS quiet_days
  FROM customers AS c
  LEFT JOIN traits_orders AS o ON o.customer = c.root
  LEFT JOIN traits_seen AS s ON s.customer = c.root
)
SELECT
  customer,
  CASE
    WHEN orders = 0 THEN 'prospect'
    WHEN quiet_days > $lost_days THEN 'lost'
    WHEN quiet_days > $dormant_days THEN 'dormant'
    WHEN last_gap_days > $lost_days THEN 'won_back'
    WHEN orders >= $loyal_orders THEN 'loyal'
    WHEN first_order_days <= $new_days THEN 'new'
    ELSE 'active'
  END AS lifecycle,
  quiet_days
FROM measured
ORDER BY customer

-- People of today who took a step of the funnel and the one before it as well: nobody must cart before ordering. Reads
-- visits, merges, show_orders.
WITH visited AS (
  SELECT
    coalesce(m.root, v.customer) AS customer,
    max(v.products_seen) AS products_seen,
    max(v.clicks) AS clicks,
    max(v.carts) AS carts
  FROM visits AS v
  LEFT JOIN merges AS m ON m.customer = v.customer
  WHERE v.broadcast = $broadcast
  GROUP BY coalesce(m.root, v.customer)
),
bought AS (
  SELECT DISTINCT customer FROM show_orders WHERE in_time AND is_seen
)
SELECT
  CAST(sum(CASE WHEN v.products_seen > 0 THEN 1 ELSE 0 END) AS BIGINT) AS saw_product,
  CAST(sum(CASE WHEN (v.clicks > 0 OR v.carts > 0) AND v.products_seen > 0 THEN 1 ELSE 0 END) AS BIGINT) AS clicked,
  CAST(sum(CASE WHEN v.carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS carted,
  CAST(sum(CASE WHEN b.customer IS NOT NULL AND v.carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS ordered
FROM visited AS v
LEFT JOIN bought AS b ON b.customer = v.customer

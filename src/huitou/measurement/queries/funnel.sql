-- The broadcast's funnel in people of today, each stage counting everybody who reached it. Reads visits, merges.
WITH people AS (
  SELECT
    coalesce(m.root, v.customer) AS customer,
    max(v.products_seen) AS products_seen,
    max(v.clicks) AS clicks,
    max(v.carts) AS carts
  FROM visits AS v
  LEFT JOIN merges AS m ON m.customer = v.customer
  WHERE v.broadcast = $broadcast
  GROUP BY coalesce(m.root, v.customer)
)
SELECT
  count(*) AS entered,
  CAST(sum(CASE WHEN products_seen > 0 THEN 1 ELSE 0 END) AS BIGINT) AS saw_product,
  CAST(sum(CASE WHEN clicks > 0 OR carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS clicked,
  CAST(sum(CASE WHEN carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS carted
FROM people

-- The broadcast's funnel in people, each stage counting everybody who reached it. Reads visits.
SELECT
  count(*) AS entered,
  CAST(sum(CASE WHEN products_seen > 0 THEN 1 ELSE 0 END) AS BIGINT) AS saw_product,
  CAST(sum(CASE WHEN clicks > 0 OR carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS clicked,
  CAST(sum(CASE WHEN carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS carted,
  CAST(sum(CASE WHEN ordered THEN 1 ELSE 0 END) AS BIGINT) AS ordered,
  CAST(coalesce(sum(order_minor), 0) AS BIGINT) AS order_minor
FROM visits
WHERE broadcast = $broadcast

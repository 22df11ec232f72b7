-- One broadcast's products: who saw, clicked, carted and ordered each, and who wanted it and did not order it.
-- Reads visit_products.
SELECT
  product,
  CAST(sum(CASE WHEN seen_seconds > 0 OR clicks > 0 OR carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS seen,
  CAST(sum(CASE WHEN clicks > 0 OR carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS clicked,
  CAST(sum(CASE WHEN carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS carted,
  CAST(sum(CASE WHEN asked > 0 THEN 1 ELSE 0 END) AS BIGINT) AS asked,
  CAST(sum(CASE WHEN ordered THEN 1 ELSE 0 END) AS BIGINT) AS ordered,
  CAST(sum(CASE WHEN NOT ordered AND (clicks > 0 OR carts > 0 OR asked > 0) THEN 1 ELSE 0 END) AS BIGINT) AS missed
FROM visit_products
WHERE broadcast = $broadcast
GROUP BY product
ORDER BY missed DESC, product

-- People who took a step of the funnel and the one before it as well: nobody must cart before ordering. Reads visits.
SELECT
  CAST(sum(CASE WHEN products_seen > 0 THEN 1 ELSE 0 END) AS BIGINT) AS saw_product,
  CAST(sum(CASE WHEN (clicks > 0 OR carts > 0) AND products_seen > 0 THEN 1 ELSE 0 END) AS BIGINT) AS clicked,
  CAST(sum(CASE WHEN carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS carted,
  CAST(sum(CASE WHEN ordered AND carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS ordered
FROM visits
WHERE broadcast = $broadcast

-- People of today who took a step of the funnel and the one before it as well: nobody must cart before ordering. Reads
-- funnel_people, show_orders.
WITH bought AS (
  SELECT DISTINCT customer FROM show_orders WHERE in_time AND is_seen
)
SELECT
  CAST(sum(CASE WHEN p.saw_product THEN 1 ELSE 0 END) AS BIGINT) AS saw_product,
  CAST(sum(CASE WHEN p.clicked AND p.saw_product THEN 1 ELSE 0 END) AS BIGINT) AS clicked,
  CAST(sum(CASE WHEN p.carted THEN 1 ELSE 0 END) AS BIGINT) AS carted,
  CAST(sum(CASE WHEN b.customer IS NOT NULL AND p.carted THEN 1 ELSE 0 END) AS BIGINT) AS ordered
FROM funnel_people AS p
LEFT JOIN bought AS b ON b.customer = p.customer

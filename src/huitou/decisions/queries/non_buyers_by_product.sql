-- For each product of a broadcast: how many looked at it, and of those who did not order it how many clicked, carted or
-- asked. Reads visit_products.
SELECT
  product,
  count(*) AS looked,
  count(CASE WHEN ordered THEN 1 END) AS ordered,
  count(CASE WHEN NOT ordered THEN 1 END) AS not_ordered,
  count(CASE WHEN NOT ordered AND clicks > 0 THEN 1 END) AS clicked_not_ordered,
  count(CASE WHEN NOT ordered AND carts > 0 THEN 1 END) AS carted_not_ordered,
  count(CASE WHEN NOT ordered AND asked > 0 THEN 1 END) AS asked_not_ordered
FROM visit_products
WHERE broadcast = $broadcast
GROUP BY product
ORDER BY not_ordered DESC, product

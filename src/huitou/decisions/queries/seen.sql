-- What each visitor did with each product of a broadcast. Reads visit_products, merges.
SELECT
  coalesce(m.root, s.customer) AS customer,
  s.product,
  CAST(sum(s.seen_seconds) AS BIGINT) AS seen_seconds,
  CAST(sum(s.clicks) AS BIGINT) AS clicks,
  CAST(sum(s.carts) AS BIGINT) AS carts,
  CAST(sum(s.asked) AS BIGINT) AS asked,
  max(CASE WHEN s.ordered THEN 1 ELSE 0 END) = 1 AS ordered
FROM visit_products AS s
LEFT JOIN merges AS m ON m.customer = s.customer
WHERE s.broadcast = $broadcast
GROUP BY coalesce(m.root, s.customer), s.product
ORDER BY customer, s.product

-- People of today who attended the broadcast, and the stages of the funnel that each reached. Reads visits, merges.
SELECT
  coalesce(m.root, v.customer) AS customer,
  max(v.products_seen) > 0 AS saw_product,
  max(v.clicks) > 0 OR max(v.carts) > 0 AS clicked,
  max(v.carts) > 0 AS carted
FROM visits AS v
LEFT JOIN merges AS m ON m.customer = v.customer
WHERE v.broadcast = $broadcast
GROUP BY coalesce(m.root, v.customer)
ORDER BY customer

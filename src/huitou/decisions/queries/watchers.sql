-- Everybody who watched a broadcast, and whether they ordered in it. Reads visits, merges.
SELECT
  coalesce(m.root, v.customer) AS customer,
  max(CASE WHEN v.ordered THEN 1 ELSE 0 END) = 1 AS ordered
FROM visits AS v
LEFT JOIN merges AS m ON m.customer = v.customer
WHERE v.broadcast = $broadcast AND v.customer IS NOT NULL
GROUP BY coalesce(m.root, v.customer)
ORDER BY customer

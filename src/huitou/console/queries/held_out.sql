-- Who was left alone on purpose, by campaign and broadcast. Reads decisions, merges.
SELECT DISTINCT coalesce(m.root, d.customer) AS customer, d.campaign, d.broadcast
FROM decisions AS d
LEFT JOIN merges AS m ON m.customer = d.customer
WHERE d.action = 'holdout'
ORDER BY customer, campaign, broadcast

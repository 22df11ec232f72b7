-- Today's people for whom a campaign and broadcast has a decision. Reads decisions, merges.
SELECT DISTINCT coalesce(m.root, d.customer) AS customer
FROM decisions AS d
LEFT JOIN merges AS m ON m.customer = d.customer
WHERE d.campaign = $campaign AND d.broadcast = $broadcast
ORDER BY customer

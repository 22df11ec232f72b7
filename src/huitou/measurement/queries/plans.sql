-- How many people got which plan, and how many of them bought in the window: counts, no comparison. explored: the plan
-- was drawn at random, the others were chosen for who they are. Reads decisions, merges, bought(customer, orders).
WITH people AS (
  SELECT DISTINCT
    coalesce(m.root, d.customer) AS customer,
    d.timing,
    d.channel,
    d.offer,
    d.reason = 'explored' AS explored
  FROM decisions AS d
  LEFT JOIN merges AS m ON m.customer = d.customer
  WHERE d.broadcast = $broadcast AND d.campaign = $campaign AND d.action = 'send'
)
SELECT
  p.timing,
  p.channel,
  p.offer,
  p.explored,
  count(*) AS people,
  CAST(coalesce(sum(CASE WHEN b.orders > 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS buyers
FROM people AS p
LEFT JOIN bought AS b ON b.customer = p.customer
GROUP BY p.timing, p.channel, p.offer, p.explored
ORDER BY people DESC, p.timing, p.channel, p.offer, p.explored

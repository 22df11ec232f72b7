-- How many people were decided for, by action and reason. Reads decisions.
SELECT action, reason, count(DISTINCT customer) AS people
FROM decisions
WHERE broadcast = $broadcast AND campaign = $campaign
GROUP BY action, reason
ORDER BY action, people DESC, reason

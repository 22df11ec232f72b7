-- The campaigns a broadcast was planned with, the latest first. Reads decisions.
SELECT campaign, max(decided_at) AS decided_at
FROM decisions
WHERE broadcast = $broadcast
GROUP BY campaign
ORDER BY decided_at DESC, campaign

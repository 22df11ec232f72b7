-- Which campaigns decided for which broadcast, and about how many people, the latest decision last. Reads decisions.
SELECT
  broadcast,
  campaign,
  max(decided_at) AS last_decided_at,
  count(DISTINCT customer) AS people,
  count(DISTINCT CASE WHEN action = 'send' THEN customer END) AS written_to,
  count(DISTINCT CASE WHEN action = 'holdout' THEN customer END) AS held_out
FROM decisions
WHERE broadcast IS NOT NULL
GROUP BY broadcast, campaign
ORDER BY broadcast, last_decided_at, campaign

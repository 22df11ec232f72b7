-- Whom the campaign wrote to and whom it left alone, one row a person as known today. Where a merge brought a held-out
-- and a written-to identity together, the person is mixed and stands in neither arm. Reads decisions, merges.
WITH people AS (
  SELECT DISTINCT
    coalesce(m.root, d.customer) AS customer,
    d.action
  FROM decisions AS d
  LEFT JOIN merges AS m ON m.customer = d.customer
  WHERE d.broadcast = $broadcast AND d.campaign = $campaign AND d.action IN ('send', 'holdout')
)
SELECT
  customer,
  CASE WHEN count(*) > 1 THEN 'mixed' ELSE max(action) END AS arm
FROM people
GROUP BY customer
ORDER BY customer

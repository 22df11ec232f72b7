-- Live conversion of every broadcast, buyers and viewers. Reads visits, broadcasts.
SELECT
  b.broadcast,
  b.title,
  b.started_at,
  count(*) AS viewers,
  CAST(sum(CASE WHEN v.ordered THEN 1 ELSE 0 END) AS BIGINT) AS buyers
FROM visits AS v
JOIN broadcasts AS b ON b.broadcast = v.broadcast
GROUP BY b.broadcast, b.title, b.started_at
ORDER BY b.started_at, b.broadcast

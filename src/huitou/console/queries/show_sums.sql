-- Viewers, buyers and paid orders of every broadcast. Reads visits.
SELECT
  broadcast,
  count(*) AS viewers,
  CAST(sum(CASE WHEN ordered THEN 1 ELSE 0 END) AS BIGINT) AS buyers,
  CAST(sum(orders) AS BIGINT) AS orders,
  CAST(sum(order_minor) AS BIGINT) AS order_minor,
  CAST(sum(watch_seconds) AS BIGINT) AS watch_seconds
FROM visits
GROUP BY broadcast
ORDER BY broadcast

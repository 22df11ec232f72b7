-- Viewers, buyers and the money of every broadcast, by the currency of its buyers' orders ('' of those who told none or
-- ordered nothing). Reads visits.
SELECT
  broadcast,
  coalesce(currency, '') AS currency,
  count(*) AS viewers,
  CAST(sum(CASE WHEN ordered THEN 1 ELSE 0 END) AS BIGINT) AS buyers,
  CAST(sum(orders) AS BIGINT) AS orders,
  CAST(sum(order_minor) AS BIGINT) AS order_minor
FROM visits
GROUP BY broadcast, coalesce(currency, '')
ORDER BY broadcast, currency

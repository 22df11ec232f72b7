-- The broadcast's funnel in people, each stage counting everybody who reached it; the money of the orders in $currency
-- (or in none told), and how many orders are in others. Reads visits.
SELECT
  count(*) AS entered,
  CAST(sum(CASE WHEN products_seen > 0 THEN 1 ELSE 0 END) AS BIGINT) AS saw_product,
  CAST(sum(CASE WHEN clicks > 0 OR carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS clicked,
  CAST(sum(CASE WHEN carts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS carted,
  CAST(sum(CASE WHEN ordered THEN 1 ELSE 0 END) AS BIGINT) AS ordered,
  CAST(coalesce(sum(CASE WHEN coalesce(currency, $currency) = $currency THEN order_minor ELSE 0 END), 0) AS BIGINT)
    AS order_minor,
  CAST(coalesce(sum(CASE WHEN coalesce(currency, $currency) = $currency THEN other_orders ELSE orders END), 0) AS BIGINT)
    AS other_currency_orders
FROM visits
WHERE broadcast = $broadcast

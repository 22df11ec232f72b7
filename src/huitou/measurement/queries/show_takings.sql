-- The orders of a broadcast added up: by whether the buyer was seen, why not, and currency. Reads show_orders.
-- Orders that tell no currency are taken to be in $currency. Sums are cut where only nonsense reaches.
SELECT
  in_time,
  is_seen,
  reason,
  coalesce(currency, $currency) AS currency,
  count(*) AS orders,
  CAST(least(sum(amount_minor), 1000000000000000) AS BIGINT) AS amount_minor,
  count(CASE WHEN status = 'created' THEN 1 END) AS unpaid_orders,
  CAST(least(sum(CASE WHEN status = 'created' THEN amount_minor ELSE 0 END), 1000000000000000) AS BIGINT)
    AS unpaid_minor,
  count(CASE WHEN refunded_minor > 0 OR status = 'refunded' THEN 1 END) AS refunded_orders,
  CAST(least(sum(refunded_minor), 1000000000000000) AS BIGINT) AS refunded_minor
FROM show_orders
GROUP BY in_time, is_seen, reason, coalesce(currency, $currency)
ORDER BY in_time, is_seen, reason, currency

-- The $most latest events of one customer up to $now, the latest first. Reads events.
SELECT
  occurred_at, name, source, broadcast, product, order_id, message, channel, amount_minor, currency, quantity, seconds,
  content
FROM events
WHERE customer = $customer AND occurred_at <= $now
QUALIFY row_number() OVER (ORDER BY occurred_at DESC, source, event_id) <= $most
ORDER BY occurred_at DESC, source, event_id

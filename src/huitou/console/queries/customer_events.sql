-- One page of a customer's events, the latest first, with how many there are. Reads events.
WITH numbered AS (
  SELECT
    occurred_at, name, source, event_id, broadcast, product, order_id, message, channel, amount_minor, currency,
    quantity, seconds, content,
    row_number() OVER (ORDER BY occurred_at DESC, source, event_id) AS place,
    count(*) OVER () AS total
  FROM events
  WHERE customer = $customer AND occurred_at <= $now
)
SELECT *
FROM numbered
WHERE place >= $first AND place <= $last
ORDER BY place

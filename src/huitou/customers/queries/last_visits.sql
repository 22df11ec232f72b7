-- The $most latest visits of one customer, the latest first. Reads visits.
SELECT
  broadcast, entered_at, left_at, last_seen_at, enters, watch_seconds, comments, questions, clicks, carts, top_product,
  ordered, order_minor
FROM visits
WHERE customer = $customer
QUALIFY row_number() OVER (ORDER BY last_seen_at DESC, broadcast) <= $most
ORDER BY last_seen_at DESC, broadcast

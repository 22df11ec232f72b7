-- The numbers of the orders that may belong to a broadcast: whatever is told of them happened in its time, or they name it.
-- Reads events. $closes_at: its end and the grace after it.
SELECT DISTINCT coalesce(order_id, source || ':' || event_id) AS order_id
FROM events
WHERE name LIKE 'order%'
  AND occurred_at <= $now
  AND (order_id IS NOT NULL OR name = 'order_paid')
  AND (broadcast = $broadcast OR (occurred_at >= $started_at AND occurred_at <= $closes_at))

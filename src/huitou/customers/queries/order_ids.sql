-- The numbers of all orders. Reads events.
SELECT DISTINCT coalesce(order_id, source || ':' || event_id) AS order_id
FROM events
WHERE occurred_at <= $now AND (order_id IS NOT NULL OR name = 'order_paid')

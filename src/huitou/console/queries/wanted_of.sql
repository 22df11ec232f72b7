-- The numbers of one customer's orders, for the fold of orders. Reads events.
SELECT DISTINCT coalesce(order_id, source || ':' || event_id) AS order_id
FROM events
WHERE customer = $customer AND occurred_at <= $now AND (order_id IS NOT NULL OR name = 'order_paid')

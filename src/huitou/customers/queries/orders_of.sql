-- The numbers of the orders that some people are told to have. Reads events, people(customer).
SELECT DISTINCT coalesce(e.order_id, e.source || ':' || e.event_id) AS order_id
FROM events AS e
JOIN people AS p ON p.customer = e.customer
WHERE e.occurred_at <= $now AND (e.order_id IS NOT NULL OR e.name = 'order_paid')

-- How many orders name the broadcast. Reads events.
SELECT count(DISTINCT coalesce(order_id, source || ':' || event_id)) AS orders
FROM events
WHERE broadcast = $broadcast AND name LIKE 'order%'

-- How many orders name the broadcast; a browser's key tells none, whatever it calls its event. Reads events.
SELECT count(DISTINCT coalesce(order_id, source || ':' || event_id)) AS orders
FROM events
WHERE broadcast = $broadcast AND name LIKE 'order%' AND source NOT LIKE 'browser:%'

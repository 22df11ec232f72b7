-- Everybody who reported a message as spam, by the person of today.
SELECT DISTINCT coalesce(customer.merged_into, customer.id) AS customer
FROM stop
JOIN customer ON customer.id = stop.customer
WHERE stop.kind = 'complaint'

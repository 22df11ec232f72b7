-- People that one value points to under several kinds.
SELECT DISTINCT coalesce(customer.merged_into, customer.id) AS root
FROM identifier
JOIN customer ON customer.id = identifier.customer
WHERE identifier.value = %(value)s
ORDER BY 1
LIMIT 50

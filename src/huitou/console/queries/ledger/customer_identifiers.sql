-- Every identifier of one person, whatever node it first named.
SELECT identifier.kind, identifier.value, identifier.created_at, identifier.customer AS node
FROM identifier
JOIN customer ON customer.id = identifier.customer
WHERE coalesce(customer.merged_into, customer.id) = %(customer)s
ORDER BY identifier.kind, identifier.created_at, identifier.value

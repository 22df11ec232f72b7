-- The phones of some people, by the person of today.
SELECT coalesce(customer.merged_into, customer.id) AS customer, min(identifier.value) AS phone
FROM identifier
JOIN customer ON customer.id = identifier.customer
WHERE identifier.kind = 'phone' AND coalesce(customer.merged_into, customer.id) = ANY(%(customers)s)
GROUP BY coalesce(customer.merged_into, customer.id)

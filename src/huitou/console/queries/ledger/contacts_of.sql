-- The newest phone and e-mail address of some people, by the person of today.
SELECT
    coalesce(customer.merged_into, customer.id) AS customer,
    (array_agg(identifier.value ORDER BY identifier.created_at DESC, identifier.value)
        FILTER (WHERE identifier.kind = 'phone'))[1] AS phone,
    (array_agg(identifier.value ORDER BY identifier.created_at DESC, identifier.value)
        FILTER (WHERE identifier.kind = 'email'))[1] AS email
FROM identifier
JOIN customer ON customer.id = identifier.customer
WHERE identifier.kind IN ('phone', 'email')
    AND coalesce(customer.merged_into, customer.id) = ANY(%(customers)s)
GROUP BY coalesce(customer.merged_into, customer.id)

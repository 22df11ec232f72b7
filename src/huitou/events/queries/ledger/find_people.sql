-- The root of each of these customers.
SELECT id, coalesce(merged_into, id) FROM customer WHERE id = ANY(%(ids)s)

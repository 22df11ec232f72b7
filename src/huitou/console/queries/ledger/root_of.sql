-- Today's root of a customer id.
SELECT coalesce(merged_into, id) AS root, created_at FROM customer WHERE id = %(customer)s

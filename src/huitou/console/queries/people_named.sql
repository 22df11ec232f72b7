-- Customers whose name holds a text, the latest known first, $most at most. Reads customers.
SELECT root AS customer, name, city
FROM customers
WHERE contains(name, $part)
QUALIFY row_number() OVER (ORDER BY created_at DESC, root) <= $most
ORDER BY created_at DESC, root

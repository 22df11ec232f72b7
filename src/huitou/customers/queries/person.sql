-- What one customer told of themselves. Reads customers.
SELECT root, created_at, name, email, phone, city, timezone, language, birthday, identities
FROM customers
WHERE root = $customer

-- The channels on which a customer's own profile gives an address. Reads customers.
SELECT root AS customer, 'email' AS channel FROM customers WHERE email IS NOT NULL
UNION ALL
SELECT root AS customer, 'sms' AS channel FROM customers WHERE phone IS NOT NULL

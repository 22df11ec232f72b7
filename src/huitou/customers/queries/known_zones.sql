-- The time zones that customers are known to live in. Reads customers.
SELECT DISTINCT timezone FROM customers WHERE timezone IS NOT NULL ORDER BY timezone

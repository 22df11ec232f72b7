-- What the list of a search shows of each customer found, those who spent most first; $customers separated by commas.
-- Reads portraits, customers.
SELECT
  p.customer, c.name, c.city, p.orders, p.spent_minor, p.currency, p.last_order_at
FROM portraits AS p
LEFT JOIN customers AS c ON c.root = p.customer
WHERE contains(',' || $customers || ',', ',' || p.customer || ',')
ORDER BY p.spent_minor DESC, p.customer

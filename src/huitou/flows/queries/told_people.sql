-- What messages may say of the people they go to: the name they are known by today, and what they did, as it was when
-- decided (null where that was not kept). Reads wanted_people, merges, customers, known_features.
WITH facts AS (
  SELECT
    customer,
    max(watch_seconds) AS watched,
    max(carts) AS carts,
    max(asked) AS asked,
    max(clicks) AS clicks,
    max(orders) AS orders
  FROM known_features
  GROUP BY customer
)
SELECT w.customer, c.name, f.watched, f.carts, f.asked, f.clicks, f.orders
FROM wanted_people AS w
LEFT JOIN merges AS m ON m.customer = w.customer
LEFT JOIN customers AS c ON c.root = coalesce(m.root, w.customer)
LEFT JOIN facts AS f ON f.customer = w.customer
ORDER BY w.customer

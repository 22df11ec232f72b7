-- What decisions about an occasion were made from. Reads decision_features.
SELECT customer, watch_seconds, carts, asked, clicks, orders
FROM decision_features
WHERE occasion = $occasion
ORDER BY customer, watch_seconds, carts, asked, clicks, orders

-- One customer's orders, the latest first. Reads orders, order_products.
WITH lines AS (
  SELECT order_id, shop, array_to_string(list_sort(array_agg(DISTINCT product) FILTER (WHERE product IS NOT NULL)), ',') AS products
  FROM order_products
  WHERE product IS NOT NULL
  GROUP BY order_id, shop
)
SELECT
  o.order_id, o.shop, o.status, o.placed_at, o.paid_at, o.amount_minor, o.refunded_minor, o.currency, o.broadcast,
  l.products
FROM orders AS o
LEFT JOIN lines AS l ON l.order_id = o.order_id AND l.shop = o.shop
WHERE o.customer = $customer
ORDER BY coalesce(o.placed_at, o.paid_at) DESC, o.order_id

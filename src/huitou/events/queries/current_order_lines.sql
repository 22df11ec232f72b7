-- Order lines with today's customer. Reads loaded_order_lines, merges.
SELECT
  l.position, l.order_id, l.shop, coalesce(m.root, l.customer) AS customer, l.status,
  l.product, l.quantity, l.price_minor, l.occurred_at, l.broadcast
FROM loaded_order_lines AS l
LEFT JOIN merges AS m ON m.customer = l.customer

-- Order lines with today's broadcast. Reads named_order_lines, aliases.
SELECT
  l.position, l.order_id, l.shop, l.customer, l.status, l.product, l.quantity, l.price_minor, l.occurred_at,
  coalesce(a.survivor, l.broadcast) AS broadcast
FROM named_order_lines AS l
LEFT JOIN aliases AS a ON a.broadcast = l.broadcast

-- The orders of people not seen watching, the latest first, with what is known of who ordered. Reads show_orders, customers.
SELECT
  o.order_id, o.shop, o.ordered_at, o.status, o.amount_minor, o.refunded_minor,
  coalesce(o.currency, $currency) AS currency,
  o.named_broadcast, o.reason, o.customer, c.name, c.phone, c.email
FROM show_orders AS o
LEFT JOIN customers AS c ON c.root = o.customer
WHERE o.in_time AND NOT o.is_seen
ORDER BY o.ordered_at DESC, o.order_id, o.shop

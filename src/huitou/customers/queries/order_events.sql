-- Everything told up to $now about the wanted orders. Reads events, wanted_orders(order_id).
-- A telling without a shop belongs to the one shop that is known to have an order of that number; where two shops have
-- one, it stays an order without a shop. A payment without a number is an order of its own.
WITH told AS (
  SELECT
    e.position, w.order_id, e.shop, e.customer, e.name, e.occurred_at, e.source, e.event_id, e.broadcast,
    e.amount_minor, e.currency
  FROM events AS e
  JOIN wanted_orders AS w ON w.order_id = coalesce(e.order_id, e.source || ':' || e.event_id)
  WHERE e.occurred_at <= $now
    AND (e.order_id IS NOT NULL OR e.name = 'order_paid')
    AND e.name IN (
      'order_created', 'order_paid', 'order_updated', 'order_shipped', 'order_received', 'order_cancelled',
      'order_refunded'
    )
)
SELECT
  position,
  order_id,
  coalesce(
    shop,
    CASE
      WHEN min(shop) OVER (PARTITION BY order_id) = max(shop) OVER (PARTITION BY order_id)
        THEN min(shop) OVER (PARTITION BY order_id)
    END,
    ''
  ) AS shop,
  customer, name, occurred_at, source, event_id, broadcast, amount_minor, currency
FROM told

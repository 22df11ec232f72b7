-- Events with today's customer: the root of whoever each event named. Reads loaded_events, merges.
SELECT
  e.position, e.source, e.event_id, e.type, e.name, e.occurred_at, e.received_at,
  coalesce(m.root, e.customer) AS customer,
  e.user_id, e.broadcast, e.room, e.shop, e.product, e.order_id, e.message, e.channel,
  e.amount_minor, e.currency, e.quantity, e.seconds, e.content, e.touchpoint, e.properties
FROM loaded_events AS e
LEFT JOIN merges AS m ON m.customer = e.customer

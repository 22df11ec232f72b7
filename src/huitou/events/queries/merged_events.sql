-- Events with today's broadcast: the one that whatever each event named was merged into. An event that names only its
-- room belongs to what a broadcast that went by the room's id became. What operators said keeps the name they said it of.
-- Reads named_events, aliases.
SELECT
  e.position, e.source, e.event_id, e.type, e.name, e.occurred_at, e.received_at, e.customer, e.user_id,
  CASE
    WHEN e.name IN ('live_corrected', 'live_merged', 'live_deleted', 'live_restored') THEN e.broadcast
    ELSE coalesce(a.survivor, r.survivor, e.broadcast)
  END AS broadcast,
  e.room, e.shop, e.product, e.order_id, e.message, e.channel,
  e.amount_minor, e.currency, e.quantity, e.seconds, e.content, e.touchpoint, e.properties
FROM named_events AS e
LEFT JOIN aliases AS a ON a.broadcast = e.broadcast
LEFT JOIN aliases AS r ON r.broadcast = CASE WHEN e.broadcast IS NULL THEN e.room END AND r.is_room

-- What happened in or because of the wanted broadcasts up to $now: events that name one, and events that name only its
-- room between its start and $grace_us after its end. Reads events, known_broadcasts, broadcast_rooms, wanted(broadcast).
WITH spans AS (
  SELECT
    r.broadcast,
    r.room,
    least(k.started_at, k.first_event_at) AS opens_at,
    coalesce(k.ended_at, $now) + $grace_us AS closes_at,
    lead(least(k.started_at, k.first_event_at)) OVER (
      PARTITION BY r.room ORDER BY least(k.started_at, k.first_event_at), r.broadcast
    ) AS next_at
  FROM broadcast_rooms AS r
  JOIN known_broadcasts AS k ON k.broadcast = r.broadcast
),
wanted_spans AS (
  SELECT s.broadcast, s.room, s.opens_at, s.closes_at, s.next_at
  FROM spans AS s
  JOIN wanted AS w ON w.broadcast = s.broadcast
)
SELECT
  e.broadcast, e.customer, e.user_id, e.name, e.occurred_at, e.source, e.event_id,
  e.product, e.order_id, e.amount_minor, e.currency, e.quantity, e.seconds, e.content, e.properties
FROM events AS e
JOIN wanted AS w ON w.broadcast = e.broadcast
WHERE e.occurred_at <= $now
UNION ALL
SELECT
  s.broadcast, e.customer, e.user_id, e.name, e.occurred_at, e.source, e.event_id,
  e.product, e.order_id, e.amount_minor, e.currency, e.quantity, e.seconds, e.content, e.properties
FROM events AS e
JOIN wanted_spans AS s
  ON s.room = e.room
  AND e.occurred_at >= s.opens_at
  AND e.occurred_at <= s.closes_at
  AND (s.next_at IS NULL OR e.occurred_at < s.next_at)
WHERE e.broadcast IS NULL AND e.occurred_at <= $now

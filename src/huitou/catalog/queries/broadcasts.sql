-- The broadcasts that count: all but those that an operator deleted. Reads known_broadcasts.
SELECT
  broadcast, room, shop, title, started_at, ended_at, first_event_at, last_event_at, started_by, ended_by
FROM known_broadcasts
WHERE NOT deleted
ORDER BY started_at, broadcast

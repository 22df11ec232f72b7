-- The broadcasts that an operator deleted, the latest first. Reads known_broadcasts.
SELECT
  broadcast, room, shop, title, started_at, ended_at, first_event_at, last_event_at, started_by, ended_by
FROM known_broadcasts
WHERE deleted
ORDER BY started_at DESC, broadcast DESC

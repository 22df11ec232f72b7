-- In which rooms each known broadcast was, the deleted ones too; one that was streamed in two, or merged, has several.
-- A browser's key is public, so it puts no broadcast into a room: else one event of anybody's would take the viewers of
-- one show into another. Reads events, known_broadcasts.
SELECT DISTINCT e.broadcast, e.room
FROM events AS e
JOIN known_broadcasts AS k ON k.broadcast = e.broadcast
WHERE e.room IS NOT NULL
  AND e.occurred_at <= $now
  AND e.name NOT LIKE 'message%'
  AND e.name NOT LIKE 'order%'
  AND e.name <> 'unsubscribed'
  AND e.source NOT LIKE 'browser:%'
UNION
SELECT broadcast, room FROM known_broadcasts WHERE room IS NOT NULL
ORDER BY broadcast, room

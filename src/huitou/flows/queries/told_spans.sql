-- When each broadcast was of which something in its room is told: of the others (an order names them) nobody said it,
-- and a browser's key, which is public, tells no times. Reads broadcasts, events.
WITH told AS (
  SELECT DISTINCT coalesce(broadcast, room) AS place
  FROM events
  WHERE ((name LIKE 'live%' AND name NOT IN ('live_scheduled', 'live_booked')) OR name = 'product_shown')
    AND source NOT LIKE 'browser:%'
)
SELECT b.broadcast, b.started_at, b.ended_at
FROM broadcasts AS b
WHERE b.broadcast IN (SELECT place FROM told) OR b.room IN (SELECT place FROM told)
ORDER BY b.broadcast

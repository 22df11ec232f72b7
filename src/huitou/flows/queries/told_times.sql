-- Whether the broadcast's start and end were told, or are inferred from its first and last sign. Reads events.
SELECT
  count(CASE WHEN name = 'live_started' THEN 1 END) AS starts,
  count(CASE WHEN name = 'live_ended' THEN 1 END) AS ends
FROM events
WHERE coalesce(broadcast, room) = $broadcast

-- The distinct comments of the wanted broadcasts. Reads broadcast_events.
SELECT DISTINCT content
FROM broadcast_events
WHERE name = 'live_commented' AND content IS NOT NULL
ORDER BY content

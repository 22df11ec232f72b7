-- All broadcasts, the latest first. Reads broadcasts.
SELECT broadcast, room, shop, title, started_at, ended_at, first_event_at, last_event_at, started_by, ended_by
FROM broadcasts
ORDER BY started_at DESC, broadcast DESC

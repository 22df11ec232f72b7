-- Who attended: everybody with a stay or with a told watch time. An order is no attendance, whatever broadcast it names.
-- Reads broadcast_events, stays.
SELECT broadcast, customer FROM stays
UNION
SELECT broadcast, customer FROM broadcast_events WHERE name = 'live_watched' AND customer IS NOT NULL

-- Who attended: everybody with a stay, with a told watch time, or with an order placed in the broadcast itself (they
-- were there, though their platform lists no viewers). Reads broadcast_events, broadcasts, stays. $grace_us after the
-- end an order still counts as placed in it.
SELECT broadcast, customer FROM stays
UNION
SELECT broadcast, customer FROM broadcast_events WHERE name = 'live_watched' AND customer IS NOT NULL
UNION
SELECT e.broadcast, e.customer
FROM broadcast_events AS e
JOIN broadcasts AS b ON b.broadcast = e.broadcast
WHERE e.name IN ('order_created', 'order_paid')
  AND e.customer IS NOT NULL
  AND e.occurred_at >= b.started_at
  AND e.occurred_at <= coalesce(b.ended_at, $now) + $grace_us

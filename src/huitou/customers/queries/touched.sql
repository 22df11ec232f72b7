-- The broadcasts whose visits may differ from those made when position $after was the last and the clock stood at
-- $since: events came (or came of age) that name them or their room, that tell of an order placed in them, their
-- visitors were merged, they lie within $longest_us of one of those in the same room, an operator said something of them
-- or of one that shares a room with them, or they were not long over. Rather too many than one too few. Reads events,
-- broadcasts, known_broadcasts, broadcast_rooms, visits, merges. What a merge of customers that was taken back touches
-- cannot be seen here: make all visits anew then.
WITH spans AS (
  SELECT
    k.broadcast,
    r.room,
    least(k.started_at, k.first_event_at) AS opens_at,
    coalesce(k.ended_at, $now) + $grace_us AS closes_at
  FROM known_broadcasts AS k
  LEFT JOIN broadcast_rooms AS r ON r.broadcast = k.broadcast
),
news AS (
  SELECT
    broadcast, room, occurred_at,
    CASE WHEN name LIKE 'order%' THEN coalesce(order_id, source || ':' || event_id) END AS order_id,
    source = 'operator' AND name IN ('live_corrected', 'live_merged', 'live_deleted', 'live_restored') AS is_act,
    coalesce(properties ->> '$.into', properties ->> '$.out_of') AS other
  FROM events
  WHERE occurred_at <= $now AND (position > $after OR occurred_at > $since)
),
order_times AS (
  SELECT DISTINCT e.occurred_at
  FROM events AS e
  JOIN (SELECT DISTINCT order_id FROM news WHERE order_id IS NOT NULL) AS n
    ON n.order_id = coalesce(e.order_id, e.source || ':' || e.event_id)
  WHERE e.occurred_at <= $now AND e.name IN ('order_created', 'order_paid', 'order_updated')
),
acted AS (
  SELECT broadcast FROM news WHERE is_act
  UNION
  SELECT other AS broadcast FROM news WHERE is_act AND other IS NOT NULL
),
named AS (
  SELECT broadcast FROM news WHERE broadcast IS NOT NULL
  UNION
  SELECT broadcast FROM acted
  UNION
  SELECT o.broadcast
  FROM acted AS a
  JOIN broadcast_rooms AS r ON r.broadcast = a.broadcast
  JOIN broadcast_rooms AS o ON o.room = r.room
  UNION
  SELECT s.broadcast
  FROM spans AS s
  JOIN news AS n
    ON n.room = s.room AND n.occurred_at >= s.opens_at - $longest_us AND n.occurred_at <= s.closes_at + $longest_us
  UNION
  SELECT s.broadcast
  FROM spans AS s
  JOIN order_times AS t ON t.occurred_at >= s.opens_at AND t.occurred_at <= s.closes_at
  UNION
  SELECT v.broadcast FROM visits AS v JOIN merges AS m ON m.customer = v.customer
  UNION
  SELECT v.broadcast
  FROM visits AS v
  LEFT JOIN broadcasts AS b ON b.broadcast = v.broadcast
  WHERE b.broadcast IS NULL
  UNION
  SELECT broadcast FROM spans WHERE closes_at + $silence_us >= $since
),
neighbours AS (
  SELECT other.broadcast
  FROM named AS n
  JOIN spans AS s ON s.broadcast = n.broadcast
  JOIN spans AS other
    ON other.room = s.room
    AND other.opens_at >= s.opens_at - $longest_us
    AND other.opens_at <= s.closes_at + $longest_us
)
SELECT broadcast FROM named
UNION
SELECT broadcast FROM neighbours
ORDER BY broadcast

-- One row for every broadcast of which something is told before $now, also where no live_started ever came. An order that
-- names a broadcast tells nothing of it (some platforms number a show differently in their orders): it makes none, and
-- gives none its times, room or shop; what is told of the room later makes it then. Nor does what lies before or after a
-- show: that it is planned, that somebody booked it, that somebody watched the replay.
-- Reads events, corrections. $now, $silence_us (a room without live_ended is over after so long a silence), $longest_us (events that
-- name only the room belong to a broadcast without live_ended for at most so long).
-- Where no live_started came, it began with its first sign, or so long before a live_left as that viewer had watched. A
-- broadcast of which everything was told for one moment is a watch list, made when it was over.
-- Browsers' write keys are public (events/write_keys.py): what they tell makes no broadcast, and moves none.
-- A room that is never named together with a broadcast (Douyin's room_id lasts one show) is its own broadcast.
-- What an operator said of it (corrections; null is as the data say) wins over what was told, field by field; an end that
-- is still to come is none. started_by, ended_by: the source that told the time, 'operator' where one set it, null where
-- it is inferred. A deleted broadcast keeps its turn in its room: what happened then is not the one's before it.
WITH told AS (
  SELECT broadcast, room, shop, name, occurred_at, seconds, source
  FROM events
  WHERE (broadcast IS NOT NULL OR room IS NOT NULL)
    AND occurred_at <= $now
    AND name NOT LIKE 'message%'
    AND name NOT LIKE 'order%'
    AND name NOT IN (
      'unsubscribed', 'live_corrected', 'live_merged', 'live_deleted', 'live_restored',
      'live_scheduled', 'live_booked', 'replay_watched'
    )
    AND source NOT LIKE 'browser:%'
),
shared_rooms AS (
  SELECT DISTINCT room FROM told WHERE broadcast IS NOT NULL AND room IS NOT NULL
),
own AS (
  SELECT
    coalesce(t.broadcast, t.room) AS broadcast,
    t.room, t.shop, t.name, t.occurred_at, t.seconds, t.source
  FROM told AS t
  LEFT JOIN shared_rooms AS r ON r.room = t.room
  WHERE t.broadcast IS NOT NULL OR r.room IS NULL
),
begun AS (
  SELECT
    o.broadcast,
    o.room,
    least(
      coalesce(min(CASE WHEN o.name = 'live_started' THEN o.occurred_at END), min(o.occurred_at)), min(c.started_at)
    ) AS begun_at
  FROM own AS o
  LEFT JOIN corrections AS c ON c.broadcast = o.broadcast
  WHERE o.room IS NOT NULL
  GROUP BY o.broadcast, o.room
),
turns AS (
  SELECT
    broadcast, room, begun_at,
    lead(begun_at) OVER (PARTITION BY room ORDER BY begun_at, broadcast) AS next_at
  FROM begun
),
matched AS (
  SELECT n.broadcast, t.room, t.shop, t.name, t.occurred_at, t.seconds, t.source
  FROM told AS t
  JOIN shared_rooms AS r ON r.room = t.room
  JOIN turns AS n
    ON n.room = t.room
    AND t.occurred_at >= n.begun_at
    AND t.occurred_at < coalesce(n.next_at, n.begun_at + $longest_us)
    AND t.occurred_at <= n.begun_at + $longest_us
  WHERE t.broadcast IS NULL AND (t.name LIKE 'live%' OR t.name IN ('product_shown', 'fanclub_joined', 'raffle_joined'))
),
every AS (
  SELECT * FROM own
  UNION ALL
  SELECT * FROM matched
),
marked AS (
  SELECT
    *,
    CASE
      WHEN name LIKE 'live%' OR name IN ('product_shown', 'fanclub_joined', 'raffle_joined') THEN 1
      ELSE 0
    END AS in_room
  FROM every
),
folded AS (
  SELECT
    broadcast,
    arg_min(room, {'t': occurred_at, 'v': room}) AS room,
    arg_min(shop, {'t': occurred_at, 'v': shop}) AS shop,
    min(CASE WHEN name = 'live_started' THEN occurred_at END) AS told_start,
    max(CASE WHEN name = 'live_started' THEN occurred_at END) AS told_restart,
    max(CASE WHEN name = 'live_ended' THEN occurred_at END) AS told_end,
    arg_min(source, {'t': occurred_at, 's': source}) FILTER (WHERE name = 'live_started') AS start_source,
    arg_max(source, {'t': occurred_at, 's': source}) FILTER (WHERE name = 'live_ended') AS end_source,
    coalesce(min(CASE WHEN in_room = 1 THEN occurred_at END), min(occurred_at)) AS first_event_at,
    min(
      CASE
        WHEN name IN ('live_left', 'live_watched') AND seconds <= $longest_us // 1000000
          THEN occurred_at - least(seconds, $longest_us // 1000000) * 1000000
      END
    ) AS watched_from,
    coalesce(max(CASE WHEN in_room = 1 THEN occurred_at END), max(occurred_at)) AS last_event_at
  FROM marked
  GROUP BY broadcast
),
titles AS (
  SELECT
    coalesce(broadcast, room) AS broadcast,
    arg_max(properties ->> '$.title', {'t': occurred_at, 'v': properties ->> '$.title'}) AS title
  FROM events
  WHERE name = 'live_started' AND occurred_at <= $now
  GROUP BY coalesce(broadcast, room)
),
timed AS (
  SELECT
    *,
    coalesce(told_start, least(first_event_at, watched_from)) AS data_start,
    CASE
      WHEN told_end >= coalesce(told_restart, told_end) THEN told_end
      WHEN last_event_at + $silence_us <= $now THEN last_event_at
      WHEN told_start IS NULL AND first_event_at = last_event_at AND watched_from IS NOT NULL THEN last_event_at
    END AS data_end
  FROM folded
)
SELECT
  f.broadcast,
  f.room,
  f.shop,
  coalesce(c.title, t.title) AS title,
  coalesce(c.started_at, f.data_start) AS started_at,
  CASE
    WHEN c.ended_at <= $now THEN c.ended_at
    WHEN f.data_end IS NOT NULL THEN greatest(f.data_end, coalesce(c.started_at, f.data_end))
  END AS ended_at,
  f.first_event_at,
  f.last_event_at,
  CASE
    WHEN c.started_at IS NOT NULL THEN 'operator'
    WHEN f.told_start IS NOT NULL THEN f.start_source
  END AS started_by,
  CASE
    WHEN c.ended_at <= $now THEN 'operator'
    WHEN f.told_end >= coalesce(f.told_restart, f.told_end) THEN f.end_source
  END AS ended_by,
  coalesce(c.deleted, FALSE) AS deleted
FROM timed AS f
LEFT JOIN titles AS t ON t.broadcast = f.broadcast
LEFT JOIN corrections AS c ON c.broadcast = f.broadcast
ORDER BY started_at, f.broadcast

-- When each person was in the room: one row for every unbroken stay, none overlapping.
-- Reads broadcast_events, broadcasts. $gap_us: people of whom no entering was told are taken to be in the room between
-- two signs of life at most so far apart.
-- A stay begins with live_entered, or with the first sign after live_left. It ends with live_left; where that is missing
-- with the last sign of life before the next entering. live_left without live_entered reaches back by its watch_seconds,
-- but not into the stay before (an app that tells its leaving twice was there once).
-- Nothing reaches past the broadcast's end. A live_left dated at or after the end, of a person of whom no entering was told,
-- is a line of a watch list (`listed`): the platform's total of seconds, but no time at which the person was there.
-- `seconds` is what live_left told (nonsense above a million is cut), else the length of the stay.
WITH signs AS (
  SELECT
    e.broadcast, e.customer, e.occurred_at, e.source, e.event_id,
    CASE WHEN e.name = 'live_left' AND e.seconds IS NOT NULL THEN least(e.seconds, 1000000) END AS told_seconds,
    CASE WHEN e.name = 'live_entered' THEN 1 ELSE 0 END AS enters,
    CASE WHEN e.name = 'live_left' THEN 1 ELSE 0 END AS leaves,
    CASE WHEN e.name = 'live_left' THEN 0 WHEN e.name = 'live_entered' THEN 1 ELSE 2 END AS place,
    least(b.started_at, b.first_event_at) AS opened_at,
    b.ended_at
  FROM broadcast_events AS e
  JOIN broadcasts AS b ON b.broadcast = e.broadcast
  WHERE e.customer IS NOT NULL
    AND (
      e.name IN ('live_entered', 'live_left')
      OR (
        e.name IN (
          'live_commented', 'live_liked', 'live_gifted', 'live_followed', 'live_shared', 'fanclub_joined',
          'raffle_joined', 'product_clicked', 'product_viewed', 'cart_added', 'order_created', 'order_paid'
        )
        AND e.occurred_at >= b.started_at
        AND e.occurred_at <= coalesce(b.ended_at, e.occurred_at)
      )
    )
),
followed AS (
  SELECT
    *,
    lag(leaves) OVER (PARTITION BY broadcast, customer ORDER BY occurred_at, place, source, event_id) AS after_leaving,
    lag(occurred_at) OVER (PARTITION BY broadcast, customer ORDER BY occurred_at, place, source, event_id) AS before_at
  FROM signs
),
parted AS (
  SELECT
    *,
    sum(CASE WHEN enters = 1 OR coalesce(after_leaving, 1) = 1 THEN 1 ELSE 0 END) OVER (
      PARTITION BY broadcast, customer ORDER BY occurred_at, place, source, event_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS part
  FROM followed
),
known AS (
  SELECT
    *,
    max(enters) OVER (PARTITION BY broadcast, customer, part) AS entered,
    max(leaves) OVER (PARTITION BY broadcast, customer, part) AS has_left
  FROM parted
),
pieced AS (
  SELECT
    *,
    sum(CASE WHEN entered = 0 AND has_left = 0 AND occurred_at > before_at + $gap_us THEN 1 ELSE 0 END) OVER (
      PARTITION BY broadcast, customer ORDER BY occurred_at, place, source, event_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS piece
  FROM known
),
folded AS (
  SELECT
    broadcast, customer, part, piece,
    max(entered) AS entered,
    max(has_left) AS has_left,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at,
    max(told_seconds) AS told_seconds,
    max(opened_at) AS opened_at,
    max(ended_at) AS ended_at
  FROM pieced
  GROUP BY broadcast, customer, part, piece
),
bounded AS (
  SELECT
    *,
    lag(last_at) OVER (PARTITION BY broadcast, customer ORDER BY part, piece) AS previous_until
  FROM folded
),
placed AS (
  SELECT
    broadcast, customer, entered, has_left, told_seconds, last_at,
    CASE
      WHEN entered = 1 OR told_seconds IS NULL THEN first_at
      WHEN last_at >= ended_at THEN least(first_at, ended_at)
      ELSE least(first_at, greatest(last_at - told_seconds * 1000000, coalesce(previous_until, opened_at), opened_at))
    END AS from_at,
    least(last_at, coalesce(ended_at, last_at)) AS until_at,
    entered = 0 AND told_seconds IS NOT NULL AND coalesce(last_at >= ended_at, FALSE) AS listed,
    entered = 0 AND coalesce(last_at < ended_at, TRUE)
      AND coalesce(last_at - told_seconds * 1000000 < previous_until, FALSE) AS cut_short
  FROM bounded
)
SELECT
  broadcast,
  customer,
  from_at,
  greatest(from_at, until_at) AS until_at,
  CASE WHEN has_left = 1 THEN greatest(from_at, until_at) END AS left_at,
  CASE
    WHEN told_seconds IS NULL OR cut_short THEN (greatest(from_at, until_at) - from_at) // 1000000
    ELSE told_seconds
  END AS seconds,
  listed
FROM placed
ORDER BY broadcast, customer, from_at, until_at, left_at, seconds, listed

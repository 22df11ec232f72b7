-- When each person was in the room: one row for every unbroken stay, none overlapping. Reads broadcast_events,
-- broadcasts. $gap_us: people of whom no entering was told are taken to be in the room between two signs of life at
-- most so far apart. A stay begins with live_entered, or with the first sign after live_left. It ends with live_left;
-- where that is missing with the last sign of life before the next entering. live_left without live_entered reaches
-- back by its watch_seconds, but not into the stay before (an app that tells its leaving twice was there once). Nothing
-- reaches past the broadcast's end. An order is a sign of life of people who gave another one; alone it is none. A
-- live_left dated at or after the end, of a person of whom no entering was told, is a line of a watch list (`listed`):
-- the platform's total of seconds, but no time at which the person was there.
-- `seconds` is what live_left told (nonsense above a million is cut), else the length of the stay.
WITH signs AS (
  SELECT
    e.broadcast,
    e.customer,
    e.occurred_at,
    CASE e.name WHEN 'live_left' THEN 0 WHEN 'live_entered' THEN 1 ELSE 2 END AS place,
    max(CASE WHEN e.name = 'live_left' AND e.seconds IS NOT NULL THEN least(e.seconds, 1000000) END) AS told_seconds,
    min(CASE WHEN e.name LIKE 'order%' THEN 1 ELSE 0 END) AS orders
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
  GROUP BY 1, 2, 3, 4
),
attended AS (
  SELECT DISTINCT broadcast, customer FROM signs WHERE orders = 0
),
counted AS (
  SELECT
    s.broadcast, s.customer, s.occurred_at, s.place, s.told_seconds,
    sum(CASE WHEN s.place = 1 THEN 1 ELSE 0 END) OVER (
      PARTITION BY s.broadcast, s.customer ORDER BY s.occurred_at, s.place
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS entries,
    coalesce(sum(CASE WHEN s.place = 0 THEN 1 ELSE 0 END) OVER (
      PARTITION BY s.broadcast, s.customer ORDER BY s.occurred_at, s.place
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0) AS leavings
  FROM signs AS s
  JOIN attended AS a ON a.broadcast = s.broadcast AND a.customer = s.customer
),
parts AS (
  SELECT
    broadcast, customer, entries, leavings,
    max(CASE WHEN place = 1 THEN 1 ELSE 0 END) AS entered,
    max(CASE WHEN place = 0 THEN 1 ELSE 0 END) AS has_left,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at,
    max(told_seconds) AS told_seconds
  FROM counted
  GROUP BY broadcast, customer, entries, leavings
),
loose AS (
  SELECT
    c.broadcast, c.customer, c.entries, c.leavings, c.occurred_at,
    lag(c.occurred_at) OVER (
      PARTITION BY c.broadcast, c.customer, c.entries, c.leavings ORDER BY c.occurred_at, c.place
    ) AS before_at
  FROM counted AS c
  JOIN parts AS p
    ON p.broadcast = c.broadcast AND p.customer = c.customer AND p.entries = c.entries AND p.leavings = c.leavings
  WHERE p.entered = 0 AND p.has_left = 0
),
pieced AS (
  SELECT
    *,
    sum(CASE WHEN occurred_at > before_at + $gap_us THEN 1 ELSE 0 END) OVER (
      PARTITION BY broadcast, customer, entries, leavings ORDER BY occurred_at
      RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS piece
  FROM loose
),
folded AS (
  SELECT broadcast, customer, entries, leavings, 0 AS piece, entered, has_left, first_at, last_at, told_seconds
  FROM parts
  WHERE entered = 1 OR has_left = 1
  UNION ALL
  SELECT
    broadcast, customer, entries, leavings, CAST(piece AS BIGINT), 0, 0, min(occurred_at), max(occurred_at),
    CAST(NULL AS BIGINT)
  FROM pieced
  GROUP BY broadcast, customer, entries, leavings, piece
),
bounded AS (
  SELECT
    f.*,
    least(b.started_at, b.first_event_at) AS opened_at,
    b.ended_at,
    lag(f.last_at) OVER (
      PARTITION BY f.broadcast, f.customer ORDER BY f.entries, f.leavings, f.piece
    ) AS previous_until
  FROM folded AS f
  JOIN broadcasts AS b ON b.broadcast = f.broadcast
),
placed AS (
  SELECT
    broadcast, customer, has_left, told_seconds,
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

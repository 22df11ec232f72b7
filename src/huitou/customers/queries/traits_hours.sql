-- Portrait, family hours: when each person is active, by the clock of their own zone ($zone where none is known). Reads
-- events, customers, zones(zone, from_at, to_at, offset_us): neither engine has a time zone function that the other
-- reads alike, so the offsets of the zones in use come as a table, one row for each span between two clock changes. An
-- hour counts once a day, so that one evening's three hundred likes do not outweigh a habit; then by events.
WITH acts AS (
  SELECT e.customer, coalesce(z.zone, $zone) AS zone, e.occurred_at
  FROM events AS e
  LEFT JOIN customers AS c ON c.root = e.customer
  LEFT JOIN (SELECT DISTINCT zone FROM zones) AS z ON z.zone = c.timezone
  WHERE e.customer IS NOT NULL
    AND e.occurred_at <= $now
    AND (
      e.name IN (
        'cart_added', 'cart_removed', 'cart_viewed', 'checkout_started', 'order_created', 'order_paid',
        'fanclub_joined', 'coupon_claimed', 'raffle_joined', 'survey_answered', 'store_visited', 'message_opened', 'message_clicked',
        'message_replied', 'page_viewed', 'screen_viewed', 'products_searched', 'wishlist_added'
      )
      OR e.name LIKE 'live%'
      OR e.name LIKE 'product%'
    )
    AND e.name <> 'live_watched'
),
local AS (
  SELECT
    a.customer,
    (a.occurred_at + z.offset_us) // 86400000000 AS day,
    ((a.occurred_at + z.offset_us) // 3600000000) % 24 AS hour,
    count(*) AS acts
  FROM acts AS a
  JOIN zones AS z ON z.zone = a.zone AND a.occurred_at >= z.from_at AND a.occurred_at < z.to_at
  GROUP BY 1, 2, 3
),
hours AS (
  SELECT customer, hour, count(*) AS days, CAST(sum(acts) AS BIGINT) AS acts
  FROM local
  GROUP BY customer, hour
),
ranked AS (
  SELECT
    customer, hour, days, acts,
    row_number() OVER (PARTITION BY customer ORDER BY days DESC, acts DESC, hour) AS rank
  FROM hours
)
SELECT
  customer,
  max(CASE WHEN rank = 1 THEN hour END) AS active_hour,
  max(CASE WHEN rank = 1 THEN CAST(hour AS VARCHAR) END)
    || coalesce(max(CASE WHEN rank = 2 THEN ',' || CAST(hour AS VARCHAR) END), '')
    || coalesce(max(CASE WHEN rank = 3 THEN ',' || CAST(hour AS VARCHAR) END), '') AS active_hours,
  max(CASE WHEN rank = 1 THEN days END) AS active_hour_days
FROM ranked
WHERE rank <= 3
GROUP BY customer
ORDER BY customer

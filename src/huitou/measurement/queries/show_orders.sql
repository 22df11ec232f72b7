-- The orders of one broadcast's time, and those that name it, not cancelled: one row an order. Reads orders, order_events,
-- visits, merges, broadcasts, events, customers.
-- in_time: created or paid between $started_at and $closes_at (the end and the grace after it), as visits count them;
-- the others only name the broadcast. is_seen: of somebody who attended, as far as is known today; all of those count,
-- of the others those of its shop ('' is an unknown one, on either side).
-- reason, of orders of people not seen: other_broadcast (it names another broadcast that took place), several_live
-- (another room was live at that moment and it names none), masked_phone and guest (nothing names the buyer but a browser
-- or the order itself; told with or without a phone), unknown_live_id (it names none that we know:
-- some platforms number a show differently in its orders), no_shared_id (known, but by no id that a viewer has).
WITH viewers AS (
  SELECT DISTINCT coalesce(m.root, v.customer) AS customer
  FROM visits AS v
  LEFT JOIN merges AS m ON m.customer = v.customer
  WHERE v.broadcast = $broadcast
),
others AS (
  SELECT b.broadcast, b.shop, b.started_at, coalesce(b.ended_at, $now) AS ended_at
  FROM broadcasts AS b
  WHERE b.broadcast <> $broadcast
),
moments AS (
  SELECT order_id, shop, placed_at AS moment_at FROM orders
  UNION
  SELECT order_id, shop, paid_at AS moment_at FROM orders WHERE paid_at IS NOT NULL
),
timed AS (
  SELECT order_id, shop, min(moment_at) AS ordered_at
  FROM moments
  WHERE moment_at >= $started_at AND moment_at <= $closes_at
  GROUP BY order_id, shop
),
phones AS (
  SELECT DISTINCT o.order_id, o.shop
  FROM order_events AS o
  LEFT JOIN events AS e
    ON e.position = o.position AND e.occurred_at >= $started_at AND e.occurred_at <= $closes_at
  WHERE o.source = 'doudian' OR e.properties ->> '$.phone' IS NOT NULL
),
found AS (
  SELECT
    o.order_id, o.shop, o.customer, o.status, o.amount_minor, o.refunded_minor, o.currency,
    o.broadcast AS named_broadcast,
    t.ordered_at IS NOT NULL AS in_time,
    coalesce(t.ordered_at, o.placed_at) AS ordered_at,
    v.customer IS NOT NULL AS is_seen,
    coalesce(o.broadcast = $broadcast, FALSE) AS names_it,
    n.broadcast IS NOT NULL AS names_other,
    coalesce(n.shop <> $shop AND $shop <> '', FALSE) AS is_elsewhere,
    c.root IS NOT NULL AND coalesce(c.named, TRUE) AS is_named,
    p.order_id IS NOT NULL AS has_phone
  FROM orders AS o
  LEFT JOIN timed AS t ON t.order_id = o.order_id AND t.shop = o.shop
  LEFT JOIN viewers AS v ON v.customer = o.customer
  LEFT JOIN others AS n ON n.broadcast = o.broadcast
  LEFT JOIN customers AS c ON c.root = o.customer
  LEFT JOIN phones AS p ON p.order_id = o.order_id AND p.shop = o.shop
  WHERE o.status <> 'cancelled' AND (t.ordered_at IS NOT NULL OR o.broadcast = $broadcast)
),
crowded AS (
  SELECT DISTINCT f.order_id, f.shop
  FROM found AS f
  JOIN others AS n ON n.started_at <= f.ordered_at AND n.ended_at >= f.ordered_at
  WHERE $shop = '' OR coalesce(n.shop, $shop) = $shop
)
SELECT
  f.order_id, f.shop, f.customer, f.status, f.amount_minor, f.refunded_minor, f.currency, f.named_broadcast,
  f.in_time, f.ordered_at, f.is_seen,
  CASE
    WHEN f.is_seen THEN NULL
    WHEN f.names_other THEN 'other_broadcast'
    WHEN c.order_id IS NOT NULL AND NOT f.names_it THEN 'several_live'
    WHEN NOT f.is_named AND f.has_phone THEN 'masked_phone'
    WHEN NOT f.is_named THEN 'guest'
    WHEN f.named_broadcast IS NOT NULL AND NOT f.names_it THEN 'unknown_live_id'
    ELSE 'no_shared_id'
  END AS reason
FROM found AS f
LEFT JOIN crowded AS c ON c.order_id = f.order_id AND c.shop = f.shop
WHERE f.is_seen OR f.names_it OR (NOT f.is_elsewhere AND (f.shop = '' OR $shop = '' OR f.shop = $shop))
ORDER BY f.order_id, f.shop

-- What each visitor did with each product of a broadcast: one row where there is anything to say.
-- Reads broadcast_events, broadcasts, visitors, stays, line_up, broadcast_orders, order_products,
-- comment_intents.
-- seen_seconds: shown while the person was in the room. asked: questions while it was shown, or naming it.
-- Clicks and carts count until $grace_us after the end ($now while it is live).
WITH seen AS (
  SELECT
    s.broadcast, s.customer, l.product,
    CAST(sum(least(s.until_at, l.until_at) - greatest(s.from_at, l.shown_at)) AS BIGINT) // 1000000 AS seen_seconds
  FROM stays AS s
  JOIN line_up AS l ON l.broadcast = s.broadcast AND l.shown_at < s.until_at AND l.until_at > s.from_at
  GROUP BY s.broadcast, s.customer, l.product
),
acted AS (
  SELECT
    e.broadcast, e.customer, e.product,
    count(CASE WHEN e.name IN ('product_clicked', 'product_viewed') THEN 1 END) AS clicks,
    count(CASE WHEN e.name = 'cart_added' THEN 1 END) AS carts
  FROM broadcast_events AS e
  JOIN broadcasts AS b ON b.broadcast = e.broadcast
  WHERE e.customer IS NOT NULL
    AND e.product IS NOT NULL
    AND e.name IN ('product_clicked', 'product_viewed', 'cart_added')
    AND e.occurred_at >= b.started_at
    AND e.occurred_at <= coalesce(b.ended_at, $now) + $grace_us
  GROUP BY e.broadcast, e.customer, e.product
),
questions AS (
  SELECT DISTINCT e.broadcast, e.customer, e.product, e.occurred_at, e.source, e.event_id
  FROM broadcast_events AS e
  JOIN comment_intents AS i ON i.content = e.content
  WHERE e.name = 'live_commented' AND e.customer IS NOT NULL
),
asked AS (
  SELECT broadcast, customer, product, count(*) AS asked
  FROM (
    SELECT broadcast, customer, product, occurred_at, source, event_id FROM questions WHERE product IS NOT NULL
    UNION
    SELECT q.broadcast, q.customer, l.product, q.occurred_at, q.source, q.event_id
    FROM questions AS q
    JOIN line_up AS l
      ON l.broadcast = q.broadcast AND l.shown_at <= q.occurred_at AND q.occurred_at < l.until_at
    WHERE q.product IS NULL
  ) AS each
  GROUP BY broadcast, customer, product
),
bought AS (
  SELECT
    b.broadcast, b.customer, p.product,
    min(b.ordered_at) AS ordered_at
  FROM broadcast_orders AS b
  JOIN visitors AS v ON v.broadcast = b.broadcast AND v.customer = b.customer
  JOIN order_products AS p ON p.order_id = b.order_id AND p.shop = b.shop
  GROUP BY b.broadcast, b.customer, p.product
),
pairs AS (
  SELECT broadcast, customer, product FROM seen
  UNION
  SELECT broadcast, customer, product FROM acted
  UNION
  SELECT broadcast, customer, product FROM asked
  UNION
  SELECT broadcast, customer, product FROM bought
)
SELECT
  p.broadcast,
  p.customer,
  p.product,
  coalesce(s.seen_seconds, 0) AS seen_seconds,
  coalesce(a.clicks, 0) AS clicks,
  coalesce(a.carts, 0) AS carts,
  coalesce(q.asked, 0) AS asked,
  o.ordered_at IS NOT NULL AS ordered,
  o.ordered_at
FROM pairs AS p
LEFT JOIN seen AS s ON s.broadcast = p.broadcast AND s.customer = p.customer AND s.product = p.product
LEFT JOIN acted AS a ON a.broadcast = p.broadcast AND a.customer = p.customer AND a.product = p.product
LEFT JOIN asked AS q ON q.broadcast = p.broadcast AND q.customer = p.customer AND q.product = p.product
LEFT JOIN bought AS o ON o.broadcast = p.broadcast AND o.customer = p.customer AND o.product = p.product
ORDER BY p.broadcast, p.customer, p.product

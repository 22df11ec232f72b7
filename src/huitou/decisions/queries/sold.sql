-- How many people bought each product in a show's time, whether they were seen watching or not: in orders of its shop (''
-- is an unknown one, on either side) or of its viewers, without those cancelled later. An order of which nobody is told
-- counts as somebody. Reads order_lines, events, visits, merges.
WITH viewers AS (
  SELECT DISTINCT coalesce(m.root, v.customer) AS customer
  FROM visits AS v
  LEFT JOIN merges AS m ON m.customer = v.customer
  WHERE v.broadcast = $broadcast
),
cancelled AS (
  SELECT order_id, max(occurred_at) AS cancelled_at
  FROM events
  WHERE name = 'order_cancelled' AND occurred_at >= $started_at AND occurred_at <= $now
  GROUP BY order_id
)
SELECT l.product, count(DISTINCT coalesce(l.customer, 'order ' || l.order_id)) AS buyers
FROM order_lines AS l
LEFT JOIN cancelled AS c ON c.order_id = l.order_id AND c.cancelled_at >= l.occurred_at
LEFT JOIN viewers AS v ON v.customer = l.customer
WHERE l.product IS NOT NULL
  AND l.occurred_at >= $started_at
  AND l.occurred_at <= $closes_at
  AND l.occurred_at <= $now
  AND l.order_id IS NOT NULL
  AND c.order_id IS NULL
  AND ($shop = '' OR coalesce(l.shop, $shop) = $shop OR v.customer IS NOT NULL)
GROUP BY l.product
ORDER BY l.product

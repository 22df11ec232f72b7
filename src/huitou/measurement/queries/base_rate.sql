-- How many of the people whom earlier broadcasts left without an order bought within $window_us after its end: what can be
-- expected of those left alone where nobody of this campaign has ordered yet. Cancelled orders are not taken out: it is
-- only for planning. Reads visits, broadcasts, merges, events.
WITH people AS (
  SELECT
    v.broadcast,
    coalesce(m.root, v.customer) AS customer,
    b.ended_at,
    max(CASE WHEN v.ordered THEN 1 ELSE 0 END) AS ordered
  FROM visits AS v
  JOIN broadcasts AS b ON b.broadcast = v.broadcast
  LEFT JOIN merges AS m ON m.customer = v.customer
  WHERE b.broadcast <> $broadcast AND b.ended_at IS NOT NULL AND b.ended_at <= $before_at - $window_us
  GROUP BY v.broadcast, coalesce(m.root, v.customer), b.ended_at
),
bought AS (
  SELECT DISTINCT p.broadcast, p.customer
  FROM people AS p
  JOIN events AS e ON e.customer = p.customer AND e.occurred_at > p.ended_at AND e.occurred_at < p.ended_at + $window_us
  WHERE e.name = 'order_paid'
)
SELECT count(*) AS people, count(b.customer) AS buyers
FROM people AS p
LEFT JOIN bought AS b ON b.broadcast = p.broadcast AND b.customer = p.customer
WHERE p.ordered = 0

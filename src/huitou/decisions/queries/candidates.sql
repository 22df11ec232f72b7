-- Who watched a broadcast and did not order in it, with what is known of them. Reads visits, merges, portraits,
-- customers. People joined since their visit was stored are one person here; whoever of them ordered, ordered.
WITH visited AS (
  SELECT
    coalesce(m.root, v.customer) AS customer,
    max(v.user_id) AS user_id,
    max(coalesce(v.left_at, v.last_seen_at)) AS left_at,
    CAST(sum(v.watch_seconds) AS BIGINT) AS watch_seconds,
    CAST(sum(v.comments) AS BIGINT) AS comments,
    CAST(sum(v.questions) AS BIGINT) AS questions,
    CAST(sum(v.likes) AS BIGINT) AS likes,
    CAST(sum(v.clicks) AS BIGINT) AS clicks,
    CAST(sum(v.carts) AS BIGINT) AS carts,
    max(v.products_seen) AS products_seen,
    max(CASE WHEN v.ordered THEN 1 ELSE 0 END) AS ordered
  FROM visits AS v
  LEFT JOIN merges AS m ON m.customer = v.customer
  WHERE v.broadcast = $broadcast
  GROUP BY coalesce(m.root, v.customer)
)
SELECT
  v.customer, v.user_id, v.left_at, v.watch_seconds, v.comments, v.questions, v.likes, v.clicks, v.carts,
  v.products_seen, p.orders, p.last_order_at, p.average_minor, p.active_hour, p.broadcasts, p.lifecycle, p.rfm,
  c.language, c.timezone
FROM visited AS v
LEFT JOIN portraits AS p ON p.customer = v.customer
LEFT JOIN customers AS c ON c.root = v.customer
WHERE v.customer IS NOT NULL AND v.ordered = 0
ORDER BY v.customer

-- Everybody who attended one broadcast, with what was decided for them by one campaign (its first row).
-- People are those of today; whoever has an order among the show's ordered. Money is that of the orders in $currency (or in
-- none told). Reads visits, visit_products, show_orders, decisions, merges, customers, portraits.
WITH visited AS (
  SELECT
    coalesce(m.root, v.customer) AS customer,
    max(v.user_id) AS user_id,
    min(v.entered_at) AS entered_at,
    CAST(sum(v.watch_seconds) AS BIGINT) AS watch_seconds,
    CAST(sum(v.clicks) AS BIGINT) AS clicks,
    CAST(sum(v.carts) AS BIGINT) AS carts,
    CAST(sum(v.questions) AS BIGINT) AS questions,
    arg_max(v.top_product, {'w': v.watch_seconds, 'c': v.customer}) AS top_product
  FROM visits AS v
  LEFT JOIN merges AS m ON m.customer = v.customer
  WHERE v.broadcast = $broadcast
  GROUP BY coalesce(m.root, v.customer)
),
asked AS (
  SELECT coalesce(m.root, v.customer) AS customer, CAST(sum(v.asked) AS BIGINT) AS asked
  FROM visit_products AS v
  LEFT JOIN merges AS m ON m.customer = v.customer
  WHERE v.broadcast = $broadcast
  GROUP BY coalesce(m.root, v.customer)
),
bought AS (
  SELECT
    customer,
    CAST(least(sum(CASE WHEN coalesce(currency, $currency) = $currency THEN amount_minor ELSE 0 END), 1000000000000000)
      AS BIGINT) AS order_minor
  FROM show_orders
  WHERE in_time AND is_seen
  GROUP BY customer
),
decided AS (
  SELECT
    coalesce(m.root, d.customer) AS customer,
    d.action, d.reason, d.step, d.decision_id,
    CASE WHEN d.action = 'send' THEN d.timing END AS timing,
    CASE WHEN d.action = 'send' THEN d.channel END AS channel,
    CASE WHEN d.action = 'send' THEN d.offer END AS offer,
    CASE WHEN d.action = 'send' THEN d.send_at END AS send_at
  FROM decisions AS d
  LEFT JOIN merges AS m ON m.customer = d.customer
  WHERE d.broadcast = $broadcast AND d.campaign = $campaign
),
first_rows AS (
  SELECT customer, action, reason, timing, channel, offer, send_at
  FROM decided
  QUALIFY row_number() OVER (PARTITION BY customer ORDER BY step, decision_id) = 1
)
SELECT
  v.customer,
  c.name,
  v.user_id,
  v.entered_at,
  v.watch_seconds,
  v.clicks,
  v.carts,
  v.questions + coalesce(a.asked, 0) AS asked,
  v.top_product,
  b.customer IS NOT NULL AS ordered,
  coalesce(b.order_minor, 0) AS order_minor,
  coalesce(p.spent_minor, 0) AS spent_minor,
  f.action,
  f.reason,
  f.timing,
  f.channel,
  f.offer,
  f.send_at
FROM visited AS v
LEFT JOIN bought AS b ON b.customer = v.customer
LEFT JOIN asked AS a ON a.customer = v.customer
LEFT JOIN first_rows AS f ON f.customer = v.customer
LEFT JOIN customers AS c ON c.root = v.customer
LEFT JOIN portraits AS p ON p.customer = v.customer
ORDER BY b.customer IS NOT NULL, v.carts DESC, v.watch_seconds DESC, v.customer

-- Everybody who attended one broadcast, with what was decided for them by one campaign (its first row).
-- Reads visits, visit_products, decisions, merges, customers, portraits.
WITH asked AS (
  SELECT customer, CAST(sum(asked) AS BIGINT) AS asked
  FROM visit_products
  WHERE broadcast = $broadcast
  GROUP BY customer
),
decided AS (
  SELECT
    coalesce(m.root, d.customer) AS customer,
    d.action, d.reason, d.timing, d.channel, d.offer, d.step, d.send_at, d.decision_id
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
  v.ordered,
  v.order_minor,
  coalesce(p.spent_minor, 0) AS spent_minor,
  f.action,
  f.reason,
  f.timing,
  f.channel,
  f.offer,
  f.send_at
FROM visits AS v
LEFT JOIN asked AS a ON a.customer = v.customer
LEFT JOIN first_rows AS f ON f.customer = v.customer
LEFT JOIN customers AS c ON c.root = v.customer
LEFT JOIN portraits AS p ON p.customer = v.customer
WHERE v.broadcast = $broadcast
ORDER BY v.ordered, v.carts DESC, v.watch_seconds DESC, v.customer

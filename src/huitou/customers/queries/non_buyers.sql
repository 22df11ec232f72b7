-- Who attended a broadcast and did not order in it; with $product, who saw, clicked, carted or asked for that product
-- and did not order it. Reads visits, visit_products.
WITH concerned AS (
  SELECT broadcast, customer, ordered, seen_seconds, clicks, carts, asked
  FROM visit_products
  WHERE broadcast = $broadcast AND product = $product
)
SELECT
  v.broadcast,
  v.customer,
  v.user_id,
  v.watch_seconds,
  v.left_at,
  v.last_seen_at,
  v.top_product,
  coalesce(c.seen_seconds, 0) AS seen_seconds,
  coalesce(c.clicks, 0) AS clicks,
  coalesce(c.carts, 0) AS carts,
  coalesce(c.asked, 0) AS asked
FROM visits AS v
LEFT JOIN concerned AS c ON c.broadcast = v.broadcast AND c.customer = v.customer
WHERE v.broadcast = $broadcast
  AND CASE WHEN $product IS NULL THEN NOT v.ordered ELSE c.customer IS NOT NULL AND NOT c.ordered END
ORDER BY v.customer

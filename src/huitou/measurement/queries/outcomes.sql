-- What each assigned customer bought in the window [$from_at, $until_at), as known at the time orders were folded.
-- Cancelled and unpaid orders count for nothing; refunds are taken back. Profit is what was paid less what the goods
-- cost, so a discount is paid for by everybody who used it, also by those who would have bought anyway.
-- goods_micro: (1 - margin) x list price, in millionths of a minor unit; orders without lines are taken at their amount.
-- Reads assigned(customer), orders, order_products, products.
WITH lines AS (
  SELECT
    l.order_id,
    l.shop,
    CAST(sum(l.quantity * l.price_minor) AS BIGINT) AS list_minor,
    CAST(sum(l.quantity * l.price_minor * (1000000 - coalesce(p.margin_ppm, $margin_ppm))) AS BIGINT) AS goods_micro
  FROM order_products AS l
  LEFT JOIN products AS p ON p.product = l.product
  GROUP BY l.order_id, l.shop
),
bought AS (
  SELECT
    o.customer,
    o.amount_minor,
    o.amount_minor - o.refunded_minor AS kept_minor,
    coalesce(l.list_minor, o.amount_minor) AS list_minor,
    coalesce(l.goods_micro, o.amount_minor * (1000000 - $margin_ppm)) AS goods_micro
  FROM orders AS o
  LEFT JOIN lines AS l ON l.order_id = o.order_id AND l.shop = o.shop
  WHERE o.status NOT IN ('cancelled', 'created')
    AND o.paid_at >= $from_at AND o.paid_at < $until_at
),
sums AS (
  SELECT
    customer,
    CAST(sum(CASE WHEN kept_minor > 0 THEN 1 ELSE 0 END) AS BIGINT) AS orders,
    CAST(sum(kept_minor) AS BIGINT) AS paid_minor,
    CAST(sum(CASE WHEN kept_minor > 0 THEN greatest(list_minor - amount_minor, 0) ELSE 0 END) AS BIGINT)
      AS discount_minor,
    CAST(sum(
      kept_minor * 1000000
      - CASE WHEN amount_minor > 0 THEN goods_micro // amount_minor * kept_minor ELSE goods_micro END
    ) AS BIGINT) AS profit_micro
  FROM bought
  GROUP BY customer
)
SELECT
  a.customer,
  coalesce(s.orders, 0) AS orders,
  coalesce(s.paid_minor, 0) AS paid_minor,
  coalesce(s.discount_minor, 0) AS discount_minor,
  coalesce(s.profit_micro, 0) AS profit_micro
FROM assigned AS a
LEFT JOIN sums AS s ON s.customer = a.customer
ORDER BY a.customer

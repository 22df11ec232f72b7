-- What each assigned customer bought from the decision (not before the end of the broadcast, $ended_at) until $until_at,
-- as known when the orders were folded. Cancelled and unpaid orders count for nothing; refunds are taken back; a refund
-- of which no purchase is told counts for nothing here. Profit is what was paid less what the goods cost, so a discount
-- is paid for by everybody who used it, also by those who would have bought anyway. Goods cost (1 - margin) x price of
-- the line, else of the catalogue; an order with a line of unknown price is taken at its amount and $margin_ppm.
-- Money is that of orders in $currency, or that tell none; an order in another counts as an order, and is counted in
-- other_currency_orders. profit_micro is in millionths of a minor unit; only nonsense reaches the limits of 10^11 minor units.
-- Reads assigned(customer, since_at), orders, order_products, products.
WITH looked_up AS (
  SELECT
    l.order_id,
    l.shop,
    l.quantity,
    coalesce(l.price_minor, CASE WHEN coalesce(p.currency, $currency) = $currency THEN p.price_minor END) AS price_minor,
    p.margin_ppm
  FROM order_products AS l
  LEFT JOIN products AS p ON p.product = l.product
),
priced AS (
  SELECT
    order_id,
    shop,
    -- least() passes over what is NULL: an unknown price would be the limit.
    CASE
      WHEN price_minor IS NOT NULL
        THEN greatest(least(
          greatest(least(quantity, 1000000), 0) * least(price_minor, 1000000000000), 100000000000
        ), 0)
    END AS minor,
    1000000 - greatest(least(coalesce(margin_ppm, $margin_ppm), 1000000), -1000000) AS cost_ppm
  FROM looked_up
),
lines AS (
  SELECT
    order_id,
    shop,
    CASE WHEN count(*) = count(minor) THEN CAST(least(sum(minor), 100000000000) AS BIGINT) END AS list_minor,
    CASE WHEN count(*) = count(minor) THEN CAST(least(sum(minor * cost_ppm), 200000000000000000) AS BIGINT) END
      AS goods_micro
  FROM priced
  GROUP BY order_id, shop
),
told AS (
  SELECT
    o.customer,
    o.order_id,
    o.shop,
    coalesce(o.paid_at, o.created_at, o.shipped_at, o.received_at) AS bought_at,
    greatest(least(o.amount_minor, 100000000000), 0) AS amount_minor,
    greatest(o.refunded_minor, 0) AS refunded_minor,
    coalesce(o.currency, $currency) = $currency AS is_ours
  FROM orders AS o
  WHERE o.status NOT IN ('cancelled', 'created')
),
bought AS (
  SELECT
    t.customer,
    t.is_ours,
    t.amount_minor,
    t.amount_minor - least(t.refunded_minor, t.amount_minor) AS kept_minor,
    coalesce(l.list_minor, t.amount_minor) AS list_minor,
    coalesce(l.goods_micro, t.amount_minor * (1000000 - $margin_ppm)) AS goods_micro
  FROM told AS t
  JOIN assigned AS a ON a.customer = t.customer
  LEFT JOIN lines AS l ON l.order_id = t.order_id AND l.shop = t.shop
  WHERE t.bought_at >= greatest(a.since_at, $ended_at) AND t.bought_at < $until_at
),
sums AS (
  SELECT
    customer,
    CAST(sum(CASE WHEN kept_minor > 0 THEN 1 ELSE 0 END) AS BIGINT) AS orders,
    CAST(sum(CASE WHEN kept_minor > 0 AND NOT is_ours THEN 1 ELSE 0 END) AS BIGINT) AS other_currency_orders,
    CAST(least(sum(CASE WHEN is_ours THEN kept_minor ELSE 0 END), 1000000000000) AS BIGINT) AS paid_minor,
    CAST(least(sum(
      CASE WHEN kept_minor > 0 AND is_ours THEN greatest(list_minor - amount_minor, 0) ELSE 0 END
    ), 1000000000000) AS BIGINT) AS discount_minor,
    CAST(greatest(least(sum(
      CASE
        WHEN NOT is_ours THEN 0
        WHEN kept_minor = amount_minor THEN kept_minor * 1000000 - goods_micro
        WHEN amount_minor <= 1000000000
          THEN kept_minor * 1000000
            - goods_micro // nullif(amount_minor, 0) * kept_minor
            - goods_micro % nullif(amount_minor, 0) * kept_minor // nullif(amount_minor, 0)
        ELSE kept_minor * 1000000 - goods_micro // nullif(amount_minor, 0) * kept_minor
      END
    ), 1000000000000000000), -1000000000000000000) AS BIGINT) AS profit_micro
  FROM bought
  GROUP BY customer
)
SELECT
  a.customer,
  coalesce(s.orders, 0) AS orders,
  coalesce(s.other_currency_orders, 0) AS other_currency_orders,
  coalesce(s.paid_minor, 0) AS paid_minor,
  coalesce(s.discount_minor, 0) AS discount_minor,
  coalesce(s.profit_micro, 0) AS profit_micro
FROM assigned AS a
LEFT JOIN sums AS s ON s.customer = a.customer
ORDER BY a.customer

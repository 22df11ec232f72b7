-- Portrait, family taste: which product and category each person favours, and in which price band they buy. Reads
-- order_products, visit_products, products. A bought unit outweighs any looking; then carts, clicks, seconds seen.
-- price_band: the person's average price of a bought unit against the average of all units sold in that currency; low
-- below $low_ppm millionths of it, high from $high_ppm on.
WITH bought AS (
  SELECT customer, product, sum(quantity) AS units
  FROM order_products
  WHERE customer IS NOT NULL AND status IN ('paid', 'shipped', 'received')
  GROUP BY customer, product
),
looked AS (
  SELECT customer, product, sum(carts) AS carts, sum(clicks) AS clicks, sum(seen_seconds) AS seconds
  FROM visit_products
  GROUP BY customer, product
),
pairs AS (
  SELECT customer, product FROM bought
  UNION
  SELECT customer, product FROM looked
),
liking AS (
  SELECT
    p.customer,
    p.product,
    c.category,
    CAST(coalesce(b.units, 0) AS BIGINT) AS units,
    CAST(coalesce(l.carts, 0) AS BIGINT) AS carts,
    CAST(coalesce(l.clicks, 0) AS BIGINT) AS clicks,
    CAST(coalesce(l.seconds, 0) AS BIGINT) AS seconds
  FROM pairs AS p
  LEFT JOIN bought AS b ON b.customer = p.customer AND b.product = p.product
  LEFT JOIN looked AS l ON l.customer = p.customer AND l.product = p.product
  LEFT JOIN products AS c ON c.product = p.product
),
favourites AS (
  SELECT customer, arg_max(product, {'u': units, 'c': carts, 'k': clicks, 's': seconds, 'p': product}) AS product
  FROM liking
  GROUP BY customer
),
categories AS (
  SELECT customer, arg_max(category, {'u': units, 'c': carts, 'k': clicks, 's': seconds, 'p': category}) AS category
  FROM (
    SELECT
      customer, category,
      CAST(sum(units) AS BIGINT) AS units,
      CAST(sum(carts) AS BIGINT) AS carts,
      CAST(sum(clicks) AS BIGINT) AS clicks,
      CAST(sum(seconds) AS BIGINT) AS seconds
    FROM liking
    WHERE category IS NOT NULL
    GROUP BY customer, category
  ) AS grouped
  GROUP BY customer
),
paid AS (
  SELECT
    customer,
    coalesce(currency, '') AS currency,
    CAST(sum(quantity) AS BIGINT) AS units,
    CAST(least(sum(least(quantity, 1000000) * price_minor), 1000000000000000) AS BIGINT) AS minor
  FROM order_products
  WHERE customer IS NOT NULL AND status IN ('paid', 'shipped', 'received') AND price_minor IS NOT NULL AND quantity > 0
  GROUP BY customer, coalesce(currency, '')
),
usual AS (
  SELECT currency, CAST(sum(minor) // nullif(sum(units), 0) AS BIGINT) AS minor
  FROM paid
  GROUP BY currency
),
bands AS (
  SELECT
    p.customer,
    arg_max(
      CASE
        WHEN p.minor // nullif(p.units, 0) < u.minor * $low_ppm // 1000000 THEN 'low'
        WHEN p.minor // nullif(p.units, 0) >= u.minor * $high_ppm // 1000000 THEN 'high'
        ELSE 'mid'
      END,
      {'u': p.units, 'c': p.currency}
    ) AS price_band
  FROM paid AS p
  JOIN usual AS u ON u.currency = p.currency
  GROUP BY p.customer
)
SELECT
  f.customer,
  c.category AS favourite_category,
  f.product AS favourite_product,
  b.price_band
FROM favourites AS f
LEFT JOIN categories AS c ON c.customer = f.customer
LEFT JOIN bands AS b ON b.customer = f.customer
ORDER BY f.customer

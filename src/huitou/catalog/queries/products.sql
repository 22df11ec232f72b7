-- What is known of each product up to $now: the latest telling of each fact, wherever it came from.
-- Reads events, order_lines. price_minor, currency: of one unit; margin_ppm: share of the price, in millionths.
WITH told AS (
  SELECT
    product, shop, occurred_at, source, event_id,
    properties ->> '$.name' AS name,
    properties ->> '$.category' AS category,
    try_cast(properties ->> '$.price' AS BIGINT) AS price_minor,
    coalesce(currency, properties ->> '$.currency') AS currency,
    try_cast(properties ->> '$.stock' AS BIGINT) AS stock,
    try_cast(properties ->> '$.margin' AS DECIMAL(12, 6)) AS margin,
    properties ->> '$.url' AS url
  FROM events
  WHERE product IS NOT NULL AND occurred_at <= $now
    AND name IN ('product_shown', 'product_listed', 'product_clicked', 'product_viewed', 'cart_added')
),
latest AS (
  SELECT
    product,
    arg_max(name, {'t': occurred_at, 's': source, 'e': event_id}) AS name,
    arg_max(category, {'t': occurred_at, 's': source, 'e': event_id}) AS category,
    arg_max(price_minor, {'t': occurred_at, 's': source, 'e': event_id}) AS price_minor,
    arg_max(currency, {'t': occurred_at, 's': source, 'e': event_id}) AS currency,
    arg_max(stock, {'t': occurred_at, 's': source, 'e': event_id}) AS stock,
    arg_max(margin, {'t': occurred_at, 's': source, 'e': event_id}) AS margin,
    arg_max(url, {'t': occurred_at, 's': source, 'e': event_id}) AS url,
    arg_max(shop, {'t': occurred_at, 's': source, 'e': event_id}) AS shop
  FROM told
  GROUP BY product
),
sold AS (
  SELECT
    product,
    arg_max(price_minor, {'t': occurred_at, 'o': order_id, 'p': price_minor}) AS price_minor,
    arg_max(shop, {'t': occurred_at, 'o': order_id, 's': shop}) AS shop
  FROM order_lines
  WHERE product IS NOT NULL AND occurred_at <= $now
  GROUP BY product
),
known AS (
  SELECT product FROM latest
  UNION
  SELECT product FROM sold
)
SELECT
  k.product,
  l.name,
  l.category,
  coalesce(l.price_minor, s.price_minor) AS price_minor,
  l.currency,
  l.stock,
  CAST(l.margin * 1000000 AS BIGINT) AS margin_ppm,
  l.url,
  coalesce(l.shop, s.shop) AS shop
FROM known AS k
LEFT JOIN latest AS l ON l.product = k.product
LEFT JOIN sold AS s ON s.product = k.product
ORDER BY k.product

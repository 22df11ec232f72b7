-- What is known of each product up to $now: the latest telling of each fact by the brand (product_listed, product_shown).
-- Viewers' events (of the shop's servers and exports) give name, category and price to a product that the brand never
-- told of, never an address, stock or margin. Browsers' write keys are public, so their events give nothing.
-- Reads events, order_lines. price_minor, currency: of one unit; margin_ppm: share of the price, in millionths.
WITH listed AS (
  SELECT DISTINCT product
  FROM events
  WHERE product IS NOT NULL AND occurred_at <= $now AND name IN ('product_listed', 'product_shown')
),
told AS (
  SELECT
    e.product, e.shop, e.occurred_at, e.source, e.event_id,
    e.properties ->> '$.name' AS name,
    e.properties ->> '$.category' AS category,
    try_cast(e.properties ->> '$.price' AS BIGINT) AS price_minor,
    coalesce(e.currency, e.properties ->> '$.currency') AS currency,
    CASE WHEN l.product IS NOT NULL THEN try_cast(e.properties ->> '$.stock' AS BIGINT) END AS stock,
    CASE WHEN l.product IS NOT NULL THEN try_cast(e.properties ->> '$.margin' AS DECIMAL(12, 6)) END AS margin,
    CASE WHEN l.product IS NOT NULL THEN e.properties ->> '$.url' END AS url
  FROM events AS e
  LEFT JOIN listed AS l ON l.product = e.product
  WHERE e.product IS NOT NULL AND e.occurred_at <= $now AND e.source NOT LIKE 'browser:%'
    AND CASE
      WHEN l.product IS NOT NULL THEN e.name IN ('product_listed', 'product_shown')
      ELSE e.name IN ('product_clicked', 'product_viewed', 'cart_added')
    END
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

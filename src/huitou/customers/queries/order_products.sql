-- What was ordered: one row for every order and product, from the one telling of the order that counts (the last
-- payment, else the last creation). Reads orders, order_events, order_lines.
WITH sane_lines AS (
  SELECT
    position,
    product,
    least(coalesce(quantity, 1), 1000000) AS quantity,
    CASE WHEN price_minor IS NOT NULL THEN least(price_minor, 1000000000000) END AS price_minor
  FROM order_lines
),
tellings AS (
  SELECT
    e.order_id, e.shop, l.position,
    row_number() OVER (
      PARTITION BY e.order_id, e.shop
      ORDER BY CASE WHEN e.name = 'order_paid' THEN 0 ELSE 1 END, e.occurred_at DESC, l.quantity DESC, l.minor DESC,
        e.source, e.event_id
    ) AS rank
  FROM (
    SELECT
      position,
      sum(quantity) AS quantity,
      sum(quantity * price_minor) AS minor
    FROM sane_lines
    GROUP BY position
  ) AS l
  JOIN order_events AS e ON e.position = l.position
  WHERE e.name IN ('order_created', 'order_paid', 'order_updated')
)
SELECT
  o.order_id,
  o.shop,
  o.customer,
  o.status,
  o.placed_at,
  o.paid_at,
  o.currency,
  l.product,
  CAST(sum(l.quantity) AS BIGINT) AS quantity,
  max(l.price_minor) AS price_minor
FROM tellings AS t
JOIN orders AS o ON o.order_id = t.order_id AND o.shop = t.shop
JOIN sane_lines AS l ON l.position = t.position
WHERE t.rank = 1 AND l.product IS NOT NULL
GROUP BY o.order_id, o.shop, o.customer, o.status, o.placed_at, o.paid_at, o.currency, l.product
ORDER BY o.order_id, o.shop, l.product

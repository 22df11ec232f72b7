-- When each product was shown: from product_shown until the time it names, else until the next showing of any product,
-- else until the broadcast's end (its last event while it is live). Shown again, a product's earlier showing ends
-- there. Reads broadcast_events, broadcasts.
WITH shown AS (
  SELECT
    broadcast,
    product,
    occurred_at AS shown_at,
    arg_max(try_cast(properties ->> '$.until' AS BIGINT), {'s': source, 'e': event_id}) AS told_until,
    arg_max(try_cast(properties ->> '$.price' AS BIGINT), {'s': source, 'e': event_id}) AS price_minor,
    arg_max(try_cast(properties ->> '$.stock' AS BIGINT), {'s': source, 'e': event_id}) AS stock
  FROM broadcast_events
  WHERE name = 'product_shown' AND product IS NOT NULL
  GROUP BY broadcast, product, occurred_at
),
turns AS (
  SELECT broadcast, shown_at, lead(shown_at) OVER (PARTITION BY broadcast ORDER BY shown_at) AS next_at
  FROM (SELECT DISTINCT broadcast, shown_at FROM shown) AS times
),
windows AS (
  SELECT
    s.broadcast,
    s.product,
    s.shown_at,
    coalesce(s.told_until, t.next_at, b.ended_at, b.last_event_at) AS until_at,
    lead(s.shown_at) OVER (PARTITION BY s.broadcast, s.product ORDER BY s.shown_at) AS again_at,
    b.ended_at,
    s.price_minor,
    s.stock
  FROM shown AS s
  JOIN broadcasts AS b ON b.broadcast = s.broadcast
  LEFT JOIN turns AS t ON t.broadcast = s.broadcast AND t.shown_at = s.shown_at
)
SELECT
  broadcast,
  product,
  shown_at,
  greatest(shown_at, least(until_at, coalesce(again_at, until_at), coalesce(ended_at, until_at))) AS until_at,
  price_minor,
  stock
FROM windows
ORDER BY broadcast, shown_at, product

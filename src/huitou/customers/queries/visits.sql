-- One row for every person at every wanted broadcast. Reads visitors, stays, fresh_visit_products, broadcast_orders,
-- broadcasts, broadcast_events, comment_intents.
-- entered_at is null where no entering was told, left_at where nothing says that the person left (for good).
-- Sums are cut where only nonsense reaches: a million likes an event, kit.money.LARGEST.
-- order_minor: of the orders in `currency`, that of the first order which tells one, and of those that tell none;
-- other_orders: how many orders are in another currency.
-- watch_seconds: the sum of the stays, or the platform's own total (live_watched, watch list) where that is more.
WITH present AS (
  SELECT
    broadcast, customer,
    CAST(sum(CASE WHEN listed THEN 0 ELSE seconds END) AS BIGINT) AS stay_seconds,
    max(CASE WHEN listed THEN seconds END) AS listed_seconds,
    min(from_at) AS first_at,
    max(until_at) AS last_at,
    max(left_at) AS left_at
  FROM stays
  GROUP BY broadcast, customer
),
acted AS (
  SELECT
    broadcast, customer,
    arg_max(user_id, {'t': occurred_at, 's': source, 'e': event_id}) AS user_id,
    min(CASE WHEN name = 'live_entered' THEN occurred_at END) AS entered_at,
    max(CASE WHEN name = 'live_entered' THEN occurred_at END) AS entered_last,
    count(CASE WHEN name = 'live_entered' THEN 1 END) AS enters,
    max(CASE WHEN name = 'live_watched' AND seconds IS NOT NULL THEN least(seconds, 1000000) END) AS told_seconds,
    max(CASE WHEN name = 'live_watched' THEN occurred_at END) AS told_at,
    count(CASE WHEN name = 'live_commented' THEN 1 END) AS comments,
    sum(CASE WHEN name = 'live_liked' THEN least(coalesce(quantity, 1), 1000000) ELSE 0 END) AS likes,
    sum(CASE WHEN name = 'live_gifted' THEN least(coalesce(quantity, 1), 1000000) ELSE 0 END) AS gifts,
    sum(CASE WHEN name = 'live_gifted' THEN coalesce(amount_minor, 0) ELSE 0 END) AS gift_minor,
    count(CASE WHEN name = 'live_followed' THEN 1 END) AS follows,
    count(CASE WHEN name = 'live_unfollowed' THEN 1 END) AS unfollows,
    count(CASE WHEN name = 'live_shared' THEN 1 END) AS shares
  FROM broadcast_events
  WHERE customer IS NOT NULL
  GROUP BY broadcast, customer
),
questions AS (
  SELECT e.broadcast, e.customer, count(*) AS questions
  FROM broadcast_events AS e
  JOIN (SELECT DISTINCT content FROM comment_intents) AS i ON i.content = e.content
  WHERE e.name = 'live_commented' AND e.customer IS NOT NULL
  GROUP BY e.broadcast, e.customer
),
looked AS (
  SELECT
    broadcast, customer,
    sum(clicks) AS clicks,
    sum(carts) AS carts,
    count(CASE WHEN seen_seconds > 0 OR clicks > 0 OR carts > 0 THEN 1 END) AS products_seen,
    count(CASE WHEN ordered THEN 1 END) AS bought_products,
    arg_max(product, {'c': carts, 'k': clicks, 'a': asked, 's': seen_seconds, 'p': product}) AS top_product
  FROM fresh_visit_products
  GROUP BY broadcast, customer
),
paid_in AS (
  SELECT broadcast, customer, arg_min(currency, {'t': ordered_at, 'o': order_id, 's': shop}) AS currency
  FROM broadcast_orders
  GROUP BY broadcast, customer
),
bought AS (
  SELECT
    o.broadcast, o.customer, p.currency,
    min(o.ordered_at) AS ordered_at,
    sum(CASE WHEN coalesce(o.currency = p.currency, true) THEN o.amount_minor ELSE 0 END) AS order_minor,
    count(*) AS orders,
    count(CASE WHEN o.currency <> p.currency THEN 1 END) AS other_orders
  FROM broadcast_orders AS o
  JOIN paid_in AS p ON p.broadcast = o.broadcast AND p.customer = o.customer
  GROUP BY o.broadcast, o.customer, p.currency
)
SELECT
  v.broadcast,
  v.customer,
  a.user_id,
  a.entered_at,
  CASE WHEN p.left_at >= p.last_at AND p.left_at >= coalesce(a.entered_last, p.left_at) THEN p.left_at END AS left_at,
  coalesce(
    p.last_at,
    CASE WHEN a.told_at IS NOT NULL THEN least(a.told_at, coalesce(b.ended_at, a.told_at)) END,
    o.ordered_at
  ) AS last_seen_at,
  coalesce(a.enters, 0) AS enters,
  greatest(coalesce(p.stay_seconds, 0), coalesce(p.listed_seconds, 0), coalesce(a.told_seconds, 0)) AS watch_seconds,
  coalesce(a.comments, 0) AS comments,
  coalesce(q.questions, 0) AS questions,
  CAST(coalesce(a.likes, 0) AS BIGINT) AS likes,
  CAST(coalesce(a.gifts, 0) AS BIGINT) AS gifts,
  CAST(least(coalesce(a.gift_minor, 0), 1000000000000000) AS BIGINT) AS gift_minor,
  coalesce(a.follows, 0) AS follows,
  coalesce(a.unfollows, 0) AS unfollows,
  coalesce(a.shares, 0) AS shares,
  CAST(coalesce(l.clicks, 0) AS BIGINT) AS clicks,
  CAST(coalesce(l.carts, 0) AS BIGINT) AS carts,
  coalesce(l.products_seen, 0) AS products_seen,
  l.top_product,
  o.ordered_at IS NOT NULL AS ordered,
  o.ordered_at,
  CAST(least(coalesce(o.order_minor, 0), 1000000000000000) AS BIGINT) AS order_minor,
  o.currency,
  coalesce(o.orders, 0) AS orders,
  coalesce(o.other_orders, 0) AS other_orders,
  coalesce(l.bought_products, 0) AS bought_products
FROM visitors AS v
JOIN broadcasts AS b ON b.broadcast = v.broadcast
LEFT JOIN present AS p ON p.broadcast = v.broadcast AND p.customer = v.customer
LEFT JOIN acted AS a ON a.broadcast = v.broadcast AND a.customer = v.customer
LEFT JOIN questions AS q ON q.broadcast = v.broadcast AND q.customer = v.customer
LEFT JOIN looked AS l ON l.broadcast = v.broadcast AND l.customer = v.customer
LEFT JOIN bought AS o ON o.broadcast = v.broadcast AND o.customer = v.customer
ORDER BY v.broadcast, v.customer

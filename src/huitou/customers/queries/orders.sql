-- One row for every order: its statuses folded by the time they happened, however late or often they were told. Reads
-- order_events, order_lines. A cancellation holds unless the order was paid, shipped or received at that moment or later
-- (the ledger's rule: events/queries/ledger/rules/standing.sql). A refund told twice (same time, same amount) is one refund;
-- refunds never exceed the order; one without an amount is the whole order; a refund of an order that nothing else tells
-- of (bought before the data begin) counts as money given back.
-- amount_minor: of the last payment told, else the last creation, else the sum of the lines. Sums are cut where only
-- nonsense reaches (a million pieces a line, kit.money.LARGEST): one mad event must not stop the refresh.
WITH sane_lines AS (
  SELECT
    position,
    least(coalesce(quantity, 1), 1000000) AS quantity,
    CASE WHEN price_minor IS NOT NULL THEN least(price_minor, 1000000000000) END AS price_minor
  FROM order_lines
),
refunds AS (
  SELECT
    order_id, shop,
    CAST(least(coalesce(sum(amount_minor), 0), 1000000000000000) AS BIGINT) AS refunded_minor,
    max(CASE WHEN amount_minor IS NULL THEN 1 ELSE 0 END) AS whole
  FROM (
    SELECT DISTINCT order_id, shop, occurred_at, amount_minor FROM order_events WHERE name = 'order_refunded'
  ) AS told
  GROUP BY order_id, shop
),
tellings AS (
  SELECT e.order_id, e.shop, e.name, e.occurred_at, l.position,
    CASE
      WHEN count(l.price_minor) > 0
        THEN CAST(least(sum(l.quantity * l.price_minor), 1000000000000000) AS BIGINT)
    END AS lines_minor,
    CAST(sum(l.quantity) AS BIGINT) AS quantity
  FROM sane_lines AS l
  JOIN order_events AS e ON e.position = l.position
  WHERE e.name IN ('order_created', 'order_paid', 'order_updated')
  GROUP BY e.order_id, e.shop, e.name, e.occurred_at, l.position
),
lines AS (
  SELECT
    order_id, shop,
    arg_max(lines_minor, {'p': name = 'order_paid', 't': occurred_at, 'q': quantity, 'm': lines_minor}) AS lines_minor,
    arg_max(quantity, {'p': name = 'order_paid', 't': occurred_at, 'q': quantity, 'm': lines_minor}) AS quantity
  FROM tellings
  GROUP BY order_id, shop
),
folded AS (
  SELECT
    order_id,
    shop,
    arg_min(customer, {'t': occurred_at, 's': source, 'e': event_id}) AS customer,
    arg_min(broadcast, {'t': occurred_at, 's': source, 'e': event_id}) AS broadcast,
    arg_max(amount_minor, {'t': occurred_at, 's': source, 'e': event_id})
      FILTER (WHERE name = 'order_paid') AS paid_minor,
    arg_max(amount_minor, {'t': occurred_at, 's': source, 'e': event_id})
      FILTER (WHERE name IN ('order_created', 'order_updated')) AS created_minor,
    arg_max(currency, {'t': occurred_at, 's': source, 'e': event_id}) AS currency,
    min(CASE WHEN name = 'order_created' THEN occurred_at END) AS created_at,
    min(CASE WHEN name = 'order_paid' THEN occurred_at END) AS paid_at,
    min(CASE WHEN name = 'order_shipped' THEN occurred_at END) AS shipped_at,
    min(CASE WHEN name = 'order_received' THEN occurred_at END) AS received_at,
    max(CASE WHEN name = 'order_cancelled' THEN occurred_at END) AS cancelled_at,
    min(CASE WHEN name = 'order_refunded' THEN occurred_at END) AS refunded_at,
    max(CASE WHEN name IN ('order_paid', 'order_shipped', 'order_received') THEN occurred_at END) AS carried_on_at,
    min(occurred_at) AS first_at
  FROM order_events
  GROUP BY order_id, shop
),
priced AS (
  SELECT
    f.*,
    coalesce(f.paid_minor, f.created_minor, l.lines_minor, 0) AS amount_minor,
    coalesce(l.quantity, 0) AS quantity,
    CASE
      WHEN r.whole IS NULL THEN 0
      WHEN r.whole = 1 THEN coalesce(f.paid_minor, f.created_minor, l.lines_minor, 0)
      ELSE least(r.refunded_minor, coalesce(f.paid_minor, f.created_minor, l.lines_minor, r.refunded_minor))
    END AS refunded_minor
  FROM folded AS f
  LEFT JOIN lines AS l ON l.order_id = f.order_id AND l.shop = f.shop
  LEFT JOIN refunds AS r ON r.order_id = f.order_id AND r.shop = f.shop
)
SELECT
  order_id,
  shop,
  customer,
  broadcast,
  CASE
    WHEN cancelled_at IS NOT NULL AND (carried_on_at IS NULL OR carried_on_at < cancelled_at) THEN 'cancelled'
    WHEN refunded_at IS NOT NULL AND refunded_minor >= amount_minor THEN 'refunded'
    WHEN received_at IS NOT NULL THEN 'received'
    WHEN shipped_at IS NOT NULL THEN 'shipped'
    WHEN paid_at IS NOT NULL OR refunded_at IS NOT NULL THEN 'paid'
    ELSE 'created'
  END AS status,
  coalesce(least(created_at, paid_at), first_at) AS placed_at,
  created_at,
  paid_at,
  shipped_at,
  received_at,
  cancelled_at,
  refunded_at,
  amount_minor,
  refunded_minor,
  currency,
  quantity
FROM priced
ORDER BY order_id, shop

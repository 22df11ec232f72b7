-- Of the wanted people: the last order that was not cancelled, the last unfollowing that was not taken back, the last
-- complaint, as of a moment. A cancellation, whoever told of it, holds unless the order was paid, shipped or received at
-- that moment or later: as in customers' orders.sql and delivery's stopped.sql.
WITH node AS (
    SELECT n.id AS node, w.id AS customer FROM wanted_person w JOIN customer n ON n.id = w.id
    UNION ALL
    SELECT n.id AS node, w.id AS customer FROM wanted_person w JOIN customer n ON n.merged_into = w.id
),
told AS (
    SELECT node.customer, s.kind, s.shop, s.order_id, s.occurred_at
    FROM node JOIN stop s ON s.customer = node.node
    WHERE s.occurred_at <= %(now)s
)
SELECT t.customer, t.kind, max(t.occurred_at) AS occurred_at
FROM told t
WHERE t.kind IN ('order', 'unfollow', 'complaint')
    AND NOT (t.kind = 'order' AND t.order_id <> '' AND EXISTS (
        SELECT
        FROM stop c
        WHERE c.kind = 'cancelled' AND c.order_id <> '' AND c.order_id = t.order_id AND c.shop = t.shop
            AND c.occurred_at <= %(now)s
            AND NOT EXISTS (
                SELECT
                FROM stop p
                WHERE p.order_id <> '' AND p.order_id = t.order_id AND p.shop IN (t.shop, '')
                    AND p.status <> 'order_refunded' AND p.status IN ('order_paid', 'order_shipped', 'order_received')
                    AND p.occurred_at >= c.occurred_at AND p.occurred_at <= %(now)s
            )
    ))
    AND NOT (t.kind = 'unfollow' AND EXISTS (
        SELECT FROM told x WHERE x.customer = t.customer AND x.kind = 'follow' AND x.occurred_at > t.occurred_at
    ))
GROUP BY t.customer, t.kind

-- Of the wanted people: the last order that was not cancelled, the last unfollowing that was not taken back, the last
-- complaint, as of a moment.
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
        SELECT FROM told x WHERE x.customer = t.customer AND x.kind = 'cancelled' AND x.order_id = t.order_id
            AND x.shop = t.shop
    ))
    AND NOT (t.kind = 'unfollow' AND EXISTS (
        SELECT FROM told x WHERE x.customer = t.customer AND x.kind = 'follow' AND x.occurred_at > t.occurred_at
    ))
GROUP BY t.customer, t.kind

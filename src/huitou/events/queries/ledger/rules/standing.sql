-- Rule: what stands against writing to a person. The asker brings people(person, customer); `standing` has a row for
-- everybody who ever did any of it, null where it does not stand.
-- Their last order that holds: a cancellation, whoever told of it, undoes an order unless it was paid, shipped or received
-- at that moment or later, in whatever order that was told (customers' orders.sql says it of the lake). Their last
-- unfollowing, unless they followed again after it. Their last complaint.
-- What takes back counts up to %(now)s, what stands against up to %(until)s: see events/rules.py.
standing AS MATERIALIZED (
    SELECT
        person, ordered_at, complained_at,
        CASE WHEN unfollowed_at >= coalesce(followed_at, unfollowed_at) THEN unfollowed_at END AS unfollowed_at
    FROM (
        SELECT
            p.person,
            max(s.occurred_at) FILTER (WHERE s.kind = 'order' AND s.occurred_at <= %(until)s AND x.order_id IS NULL)
                AS ordered_at,
            max(s.occurred_at) FILTER (WHERE s.kind = 'unfollow' AND s.occurred_at <= %(until)s) AS unfollowed_at,
            max(s.occurred_at) FILTER (WHERE s.kind = 'follow' AND s.occurred_at <= %(now)s) AS followed_at,
            max(s.occurred_at) FILTER (WHERE s.kind = 'complaint' AND s.occurred_at <= %(until)s) AS complained_at
        FROM people p
        JOIN stop s ON s.customer = p.customer
        LEFT JOIN LATERAL (
            SELECT c.order_id
            FROM stop c
            WHERE s.kind = 'order' AND c.kind = 'cancelled' AND c.order_id <> '' AND c.order_id = s.order_id
                AND c.shop = s.shop AND c.occurred_at <= %(now)s
                AND NOT EXISTS (
                    SELECT
                    FROM stop o
                    WHERE o.order_id <> '' AND o.order_id = s.order_id AND o.shop IN (s.shop, '')
                        AND o.status <> 'order_refunded' AND o.status IN ('order_paid', 'order_shipped', 'order_received')
                        AND o.occurred_at >= c.occurred_at AND o.occurred_at <= %(until)s
                )
            LIMIT 1
        ) x ON true
        GROUP BY p.person
    ) last
)

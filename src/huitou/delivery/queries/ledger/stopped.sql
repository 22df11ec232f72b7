-- Part of finalise.sql and cancel_stopped.sql: what a message's person did that stops it, the weightiest reason first.
-- They bring `held` (id, person, channel, stop_since) and `people` (person, customer); a message that may go has no row.
-- A cancellation holds unless the order was paid, shipped or received at that moment or later, in whatever order that
-- was told: as in customers' orders.sql and decisions' stops.sql.
deeds AS MATERIALIZED (
    SELECT
        p.person,
        max(s.occurred_at) FILTER (WHERE s.kind = 'order' AND x.order_id IS NULL) AS ordered_at,
        max(s.occurred_at) FILTER (WHERE s.kind = 'unfollow') AS unfollowed_at,
        max(s.occurred_at) FILTER (WHERE s.kind = 'follow') AS followed_at,
        bool_or(s.kind = 'complaint') AS complained
    FROM people p
    JOIN stop s ON s.customer = p.customer
    LEFT JOIN LATERAL (
        SELECT c.order_id
        FROM stop c
        WHERE s.kind = 'order' AND c.kind = 'cancelled' AND c.order_id <> '' AND c.order_id = s.order_id AND c.shop = s.shop
            AND NOT EXISTS (
                SELECT
                FROM stop p
                WHERE p.order_id <> '' AND p.order_id = s.order_id AND p.shop IN (s.shop, '')
                    AND p.status <> 'order_refunded' AND p.status IN ('order_paid', 'order_shipped', 'order_received')
                    AND p.occurred_at >= c.occurred_at
            )
        LIMIT 1
    ) x ON true
    GROUP BY p.person
),
-- A permission is given for one channel; what was withdrawn may be meant for all. One that was withdrawn comes back by
-- the person's own word, never by an import.
permissions AS MATERIALIZED (
    SELECT
        h.id,
        max(k.occurred_at) FILTER (WHERE NOT k.granted) AS withdrawn_at,
        max(k.occurred_at) FILTER (WHERE k.granted AND k.channel = h.channel AND k.occurred_at <= %(now)s) AS granted_at,
        max(k.occurred_at) FILTER (
            WHERE k.granted AND k.channel = h.channel AND k.occurred_at <= %(now)s AND k.how <> 'import'
        ) AS renewed_at
    FROM held h
    JOIN people p ON p.person = h.person
    JOIN consent k ON k.customer = p.customer AND k.purpose = 'marketing' AND k.channel IN (h.channel, '*')
    GROUP BY h.id
),
stopped AS MATERIALIZED (
    SELECT
        h.id,
        CASE
            WHEN d.ordered_at >= h.stop_since THEN 'ordered'
            WHEN r.withdrawn_at >= coalesce(r.renewed_at, r.withdrawn_at) THEN 'opted_out'
            WHEN r.granted_at IS NULL THEN 'no_consent'
            WHEN d.unfollowed_at >= h.stop_since AND d.unfollowed_at >= coalesce(d.followed_at, d.unfollowed_at) THEN 'unfollowed'
            WHEN d.complained THEN 'complained'
        END AS reason
    FROM held h
    LEFT JOIN deeds d ON d.person = h.person
    LEFT JOIN permissions r ON r.id = h.id
)

-- Take due messages of one channel for this sender: lease, and a fence that later writes must carry.
-- A paused campaign's messages wait, unless their time is over. Due is what the clock passed in says, never now().
WITH due AS (
    SELECT m.id
    FROM message m
    WHERE m.state IN ('planned', 'retry')
        AND m.send_at <= %(now)s
        AND m.channel = %(channel)s
        AND (m.expires_at <= %(now)s OR m.campaign <> ALL (%(paused)s))
    ORDER BY m.send_at, m.id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
),
taken AS (
    UPDATE message m
    SET state = 'claimed', fence = m.fence + 1, lease_until = %(now)s + %(lease)s, sender = %(sender)s
    FROM due
    WHERE m.id = due.id
    RETURNING m.*
),
owned AS MATERIALIZED (
    SELECT t.id, coalesce(c.merged_into, t.customer) AS root
    FROM taken t
    LEFT JOIN customer c ON c.id = t.customer
),
people AS MATERIALIZED (
    SELECT DISTINCT root, root AS customer FROM owned
    UNION
    SELECT o.root, n.id FROM owned o JOIN customer n ON n.merged_into = o.root
),
drawn AS (
    SELECT p.root, array_agg(p.customer ORDER BY p.customer) AS ids
    FROM people p
    JOIN drawn_node d ON d.node = p.customer
    GROUP BY p.root
),
addresses AS (
    SELECT DISTINCT ON (p.root) p.root, i.value
    FROM people p
    JOIN identifier i ON i.customer = p.customer AND i.kind = %(address_kind)s
    WHERE NOT EXISTS (SELECT FROM dead_address d WHERE d.channel = %(channel)s AND d.address = i.value)
    ORDER BY p.root, i.created_at DESC, i.value
)
SELECT
    t.id, t.customer, o.root, t.campaign, t.campaign_version, t.occurrence, t.step, t.channel, t.offer, t.context,
    t.stop_since, t.send_at, t.expires_at, t.attempts, t.fence, coalesce(a.value, '') AS address,
    coalesce(d.ids, '{}') AS nodes, t.created_at
FROM taken t
JOIN owned o ON o.id = t.id
LEFT JOIN drawn d ON d.root = o.root
LEFT JOIN addresses a ON a.root = o.root
ORDER BY t.send_at, t.id

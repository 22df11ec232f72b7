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
)
SELECT
    t.id, t.customer, coalesce(c.merged_into, t.customer) AS root, t.campaign, t.campaign_version, t.occurrence,
    t.step, t.channel, t.offer, t.context, t.stop_since, t.send_at, t.expires_at, t.attempts, t.fence,
    coalesce((
        SELECT i.value
        FROM identifier i
        LEFT JOIN customer n ON n.id = i.customer
        WHERE i.kind = %(address_kind)s
            AND (
                i.customer = coalesce(c.merged_into, t.customer)
                OR i.customer IN (SELECT o.id FROM customer o WHERE o.merged_into = coalesce(c.merged_into, t.customer))
            )
            AND NOT EXISTS (SELECT FROM dead_address d WHERE d.channel = t.channel AND d.address = i.value)
        ORDER BY i.created_at DESC, i.value
        LIMIT 1
    ), '') AS address
FROM taken t
LEFT JOIN customer c ON c.id = t.customer
ORDER BY t.send_at, t.id

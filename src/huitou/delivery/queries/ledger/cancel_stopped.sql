-- Queued messages, not yet due (those are the guard's), whose person has meanwhile ordered, left or complained: cancelled now, not only when they are due.
-- Looked at are people with a stop or a withdrawal above the ids given. The guard asks again, under the lock; this
-- only lets everybody see early what will not go.
WITH news AS (
    SELECT customer FROM stop WHERE id > %(stop)s AND kind IN ('order', 'unfollow', 'complaint')
    UNION
    SELECT customer FROM consent WHERE id > %(consent)s AND NOT granted
),
affected AS MATERIALIZED (
    SELECT DISTINCT coalesce(c.merged_into, n.customer) AS person FROM news n LEFT JOIN customer c ON c.id = n.customer
),
people AS MATERIALIZED (
    SELECT person, person AS customer FROM affected
    UNION
    SELECT a.person, c.id FROM affected a JOIN customer c ON c.merged_into = a.person
),
queued AS MATERIALIZED (
    SELECT m.id, m.channel, m.stop_since, p.person
    FROM people p
    JOIN message m ON m.customer = p.customer AND m.state IN ('planned', 'retry') AND m.send_at > %(now)s
    FOR UPDATE OF m SKIP LOCKED
),
facts AS MATERIALIZED (
    SELECT
        q.*,
        EXISTS (
            SELECT
            FROM people p
            JOIN stop s ON s.customer = p.customer AND s.kind = 'order' AND s.occurred_at >= q.stop_since
            WHERE p.person = q.person
                AND NOT EXISTS (
                    SELECT
                    FROM stop x
                    WHERE x.kind = 'cancelled' AND x.order_id <> '' AND x.order_id = s.order_id AND x.shop = s.shop
                )
        ) AS ordered,
        EXISTS (
            SELECT
            FROM people p
            JOIN stop s ON s.customer = p.customer AND s.kind = 'unfollow' AND s.occurred_at >= q.stop_since
            WHERE p.person = q.person
                AND NOT EXISTS (
                    SELECT FROM people o JOIN stop f ON f.customer = o.customer AND f.kind = 'follow'
                    WHERE o.person = q.person AND f.occurred_at > s.occurred_at
                )
        ) AS unfollowed,
        EXISTS (
            SELECT FROM people p JOIN stop s ON s.customer = p.customer AND s.kind = 'complaint'
            WHERE p.person = q.person
        ) AS complained,
        (
            SELECT max(k.occurred_at)
            FROM people p
            JOIN consent k ON k.customer = p.customer
            WHERE p.person = q.person AND k.channel IN (q.channel, '*') AND k.purpose = 'marketing' AND NOT k.granted
        ) AS withdrawn_at
    FROM queued q
),
reasons AS (
    SELECT
        f.id,
        CASE
            WHEN f.ordered THEN 'ordered'
            WHEN f.withdrawn_at IS NOT NULL AND NOT EXISTS (
                SELECT
                FROM people p
                JOIN consent k ON k.customer = p.customer
                WHERE p.person = f.person AND k.channel = f.channel AND k.purpose = 'marketing' AND k.granted
                    AND k.how <> 'import' AND k.occurred_at > f.withdrawn_at
            ) THEN 'opted_out'
            WHEN f.unfollowed THEN 'unfollowed'
            WHEN f.complained THEN 'complained'
        END AS reason
    FROM facts f
)
UPDATE message m
SET state = 'suppressed', reason = r.reason, resolved_at = %(now)s
FROM reasons r
WHERE m.id = r.id AND r.reason IS NOT NULL

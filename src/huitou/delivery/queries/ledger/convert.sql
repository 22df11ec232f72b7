-- Attribution, not cause: a message is 'converted' when its person ordered within the window after a click on it, or
-- when the order itself names the message. Looked at: the messages given, and those of the customers given.
WITH looked_at AS (
    SELECT m.id, coalesce(c.merged_into, m.customer) AS person
    FROM message m
    LEFT JOIN customer c ON c.id = m.customer
    WHERE m.state = ANY (%(sent)s)
        AND m.final_at IS NOT NULL
        AND (
            m.id = ANY (%(messages)s)
            OR m.customer = ANY (%(customers)s)
            OR m.customer IN (
                SELECT n.id
                FROM customer o
                JOIN customer n ON coalesce(n.merged_into, n.id) = coalesce(o.merged_into, o.id)
                WHERE o.id = ANY (%(customers)s)
            )
        )
)
UPDATE message m
SET state = 'converted'
FROM looked_at l
WHERE m.id = l.id
    AND (
        m.id = ANY (%(named)s)
        OR EXISTS (
            SELECT
            FROM receipt r
            JOIN customer n ON n.id = l.person OR n.merged_into = l.person
            JOIN stop s ON s.customer = n.id AND s.kind = 'order'
                AND s.occurred_at >= r.occurred_at AND s.occurred_at < r.occurred_at + %(window)s
            WHERE r.message = m.id AND r.kind = 'clicked'
        )
    )

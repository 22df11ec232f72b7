-- Give back what senders left behind: their lease ran out, or their process is gone. What was only claimed is free
-- again; what was final may have gone out: in doubt, and after the waiting time closed as unknown, never sent again.
WITH freed AS (
    UPDATE message
    SET state = 'planned', lease_until = 0
    WHERE state = 'claimed' AND (lease_until <= %(now)s OR sender = ANY (%(dead)s))
    RETURNING 'freed' AS became, id
),
doubtful AS (
    UPDATE message
    SET state = 'in_doubt', lease_until = %(now)s, reason = 'sender_lost'
    WHERE state = 'final' AND (lease_until <= %(now)s OR sender = ANY (%(dead)s))
    RETURNING 'in_doubt' AS became, id
),
closed AS (
    UPDATE message
    SET state = 'unknown', resolved_at = %(now)s
    WHERE state = 'in_doubt' AND lease_until + %(wait)s <= %(now)s
    RETURNING 'unknown' AS became, id
)
SELECT became, count(*) FROM (
    SELECT became FROM freed UNION ALL SELECT became FROM doubtful UNION ALL SELECT became FROM closed
) AS changes
GROUP BY became

-- Give back what senders left behind: their lease ran out, or their process is gone. What was only claimed is free
-- again; what was final may have gone out: in doubt, and after the waiting time closed as unknown, never sent again.
-- A row that somebody is writing at this moment is not left behind: skipped.
WITH left_behind AS (
    SELECT id, state
    FROM message
    WHERE (state IN ('claimed', 'final') AND (lease_until <= %(now)s OR sender = ANY (%(dead)s)))
        OR (state = 'in_doubt' AND lease_until + %(wait)s <= %(now)s)
    FOR UPDATE SKIP LOCKED
),
changed AS (
    UPDATE message m
    SET
        state = CASE l.state WHEN 'claimed' THEN 'planned' WHEN 'final' THEN 'in_doubt' ELSE 'unknown' END,
        lease_until = CASE l.state WHEN 'final' THEN %(now)s WHEN 'claimed' THEN 0 ELSE m.lease_until END,
        reason = CASE l.state WHEN 'final' THEN 'sender_lost' ELSE m.reason END,
        resolved_at = CASE l.state WHEN 'in_doubt' THEN %(now)s ELSE m.resolved_at END
    FROM left_behind l
    WHERE m.id = l.id
    RETURNING l.state AS was
)
SELECT was, count(*) FROM changed GROUP BY was

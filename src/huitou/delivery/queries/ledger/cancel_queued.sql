-- The operator takes back what is queued: also what a sender has claimed, as long as it is not final. A sender that makes
-- one final at this moment either commits first, and then it is in flight, or finds the row changed.
WITH held AS (
    SELECT id
    FROM message
    WHERE campaign = %(campaign)s AND occurrence = %(occurrence)s AND state IN ('planned', 'retry', 'claimed')
    ORDER BY id
    FOR UPDATE
)
UPDATE message m
SET state = 'suppressed', reason = 'cancelled', resolved_at = %(now)s, fence = m.fence + 1
FROM held
WHERE m.id = held.id AND m.state IN ('planned', 'retry', 'claimed')

-- Cancel what is queued for some broadcasts, of one campaign or of all: also what a sender has claimed, as long as it is not
-- final. A sender that makes one final at this moment either commits first, and then it is in flight, or finds the row
-- changed.
WITH held AS (
    SELECT id
    FROM message
    WHERE occurrence = ANY (%(occurrences)b::text[])
        AND (%(campaign)s::text IS NULL OR campaign = %(campaign)s::text)
        AND state IN ('planned', 'retry', 'claimed', 'awaiting_staff')
    ORDER BY id
    FOR UPDATE
)
UPDATE message m
SET state = 'suppressed', reason = %(reason)s, resolved_at = %(now)s, fence = m.fence + 1
FROM held
WHERE m.id = held.id AND m.state IN ('planned', 'retry', 'claimed', 'awaiting_staff')

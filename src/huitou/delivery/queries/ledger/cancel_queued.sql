-- Cancel what has not become final of some broadcasts, of one campaign or of all. A claimed message is not out yet: its
-- claim finds no row to make final any more (finalise.sql asks for the state under the row's lock), so whoever commits
-- first is right.
UPDATE message
SET state = 'suppressed', reason = %(reason)s, resolved_at = %(now)s
WHERE occurrence = ANY (%(occurrences)b::text[])
    AND (%(campaign)s::text IS NULL OR campaign = %(campaign)s::text)
    AND state IN ('planned', 'retry', 'claimed', 'awaiting_staff')

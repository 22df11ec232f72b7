-- How many messages of some broadcasts may still go out, of one campaign or of all.
SELECT count(*)
FROM message
WHERE occurrence = ANY (%(occurrences)b::text[])
    AND (%(campaign)s::text IS NULL OR campaign = %(campaign)s::text)
    AND state IN ('planned', 'retry', 'claimed', 'awaiting_staff')

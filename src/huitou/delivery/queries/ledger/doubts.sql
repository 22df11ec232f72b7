-- Messages of which nobody can say whether they went: in doubt now, and closed as unknown of late.
SELECT count(*) AS messages, min(final_at) AS since
FROM message
WHERE (state = 'in_doubt' OR (state = 'unknown' AND resolved_at > %(since)s))
    AND (%(occurrence)s::text IS NULL OR occurrence = %(occurrence)s)

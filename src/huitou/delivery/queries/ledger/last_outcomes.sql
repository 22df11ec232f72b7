-- What became of a campaign's last messages, the latest last: as they were tried, not as the answers came, and none from
-- before an operator let it go on. Not of what is still open or in doubt: that says nothing either way.
SELECT l.went
FROM (
    SELECT m.state <> 'failed' AS went, coalesce(m.final_at, m.resolved_at) AS tried_at, m.id
    FROM message m
    WHERE m.campaign = %(campaign)s
        AND m.state = ANY (%(settled)s)
        AND coalesce(m.final_at, m.resolved_at) > coalesce(
            (SELECT max(p.resumed_at) FROM self_pause p WHERE p.campaign = %(campaign)s), 0
        )
    ORDER BY tried_at DESC, m.id DESC
    LIMIT %(window)s
) l
ORDER BY l.tried_at, l.id

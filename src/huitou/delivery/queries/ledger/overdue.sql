-- Messages whose time has come and that have not gone, of campaigns that are at work: how many, since when. Also what a
-- sender claimed and never came back with.
SELECT count(*) AS messages, min(m.send_at) AS since
FROM message m
WHERE m.state IN ('planned', 'retry', 'claimed')
    AND m.send_at <= %(late)s
    AND m.expires_at > %(now)s
    AND (%(occurrence)s::text IS NULL OR m.occurrence = %(occurrence)s)
    AND (m.state <> 'claimed' OR m.lease_until <= %(now)s)
    AND NOT EXISTS (
        SELECT
        FROM (SELECT c.state FROM campaign c WHERE c.name = m.campaign ORDER BY c.version DESC LIMIT 1) newest
        WHERE newest.state IN ('paused', 'ended')
    )

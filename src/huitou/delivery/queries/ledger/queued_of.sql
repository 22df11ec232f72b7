-- What each campaign has queued for a broadcast, and what is being handed over at this moment.
SELECT
    campaign,
    count(*) FILTER (WHERE state IN ('planned', 'retry', 'claimed')) AS queued,
    count(*) FILTER (WHERE state IN ('final', 'in_doubt')) AS in_flight
FROM message
WHERE occurrence = %(occurrence)s AND state IN ('planned', 'retry', 'claimed', 'final', 'in_doubt')
GROUP BY campaign
ORDER BY campaign

-- What each campaign has queued for some broadcasts, and what is being handed over at this moment.
SELECT
    campaign,
    count(*) FILTER (WHERE state IN ('planned', 'retry', 'claimed', 'awaiting_staff')) AS queued,
    count(*) FILTER (WHERE state IN ('final', 'in_doubt')) AS in_flight
FROM message
WHERE occurrence = ANY (%(occurrences)b::text[])
    AND state IN ('planned', 'retry', 'claimed', 'awaiting_staff', 'final', 'in_doubt')
GROUP BY campaign
ORDER BY campaign

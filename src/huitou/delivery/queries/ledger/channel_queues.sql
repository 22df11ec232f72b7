-- What is queued on each channel, and how much of it is due by then.
SELECT channel, count(*) AS queued, count(*) FILTER (WHERE send_at <= %(soon)s) AS due, min(send_at) AS next_at
FROM message
WHERE state IN ('planned', 'retry')
    AND (%(occurrence)s::text IS NULL OR occurrence = %(occurrence)s)
GROUP BY channel
ORDER BY channel

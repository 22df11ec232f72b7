-- How far the journal has come and when the last event was received.
SELECT max(position) AS position, max(received_at) FILTER (WHERE position > %(loaded)s) AS waiting_since,
    count(*) FILTER (WHERE position > %(loaded)s) AS waiting
FROM journal
WHERE position >= %(loaded)s

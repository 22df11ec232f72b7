-- What each source has brought: events, the time of the latest, and when it last came. Reads events.
SELECT
  source,
  count(*) AS events,
  count(DISTINCT name) AS names,
  max(occurred_at) AS last_occurred_at,
  max(received_at) AS last_received_at
FROM events
GROUP BY source
ORDER BY source

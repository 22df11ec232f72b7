-- One page of what was kept aside, the latest first, with how many there are.
SELECT id, source, event_id, reason, received_at, body, count(*) OVER () AS total
FROM quarantine
ORDER BY received_at DESC, id DESC
LIMIT %(limit)s OFFSET %(offset)s

-- Of these queued messages, cancel those whose person has meanwhile ordered, left or complained: now, not only when
-- they are due. The guard asks again, under the lock; this only lets everybody see early what will not go.
WITH held AS MATERIALIZED (
    SELECT m.id, m.channel, m.purpose, m.stop_since, coalesce(c.merged_into, m.customer) AS person
    FROM message m
    LEFT JOIN customer c ON c.id = m.customer
    WHERE m.id = ANY (%(ids)b::text[]) AND m.state IN ('planned', 'retry') AND m.send_at > %(now)s
    FOR UPDATE OF m SKIP LOCKED
),
people AS MATERIALIZED (
    SELECT person, person AS customer FROM held
    UNION
    SELECT h.person, c.id FROM held h JOIN customer c ON c.merged_into = h.person
),
{stopped}
UPDATE message m
SET state = 'suppressed', reason = s.reason, resolved_at = %(now)s
FROM stopped s
WHERE m.id = s.id AND s.reason <> 'no_consent'

-- Journal rows that no event can be read from; told once, also where a load was killed after telling.
INSERT INTO quarantine (source, event_id, reason, received_at, body)
SELECT 'journal', row.position::text, row.reason, row.received_at, row.body
FROM unnest(%(positions)s::bigint[], %(reasons)b::text[], %(received)s::bigint[], %(bodies)b::bytea[])
    AS row (position, reason, received_at, body)
WHERE NOT EXISTS (
    SELECT FROM quarantine AS told WHERE told.source = 'journal' AND told.event_id = row.position::text
)

-- Keep why two nodes are one person, or why they were not made one.
INSERT INTO merge (absorbed, survivor, kind, value, source, event_id, merged_at, refused)
SELECT *
FROM unnest(
    %(absorbed)s::text[], %(survivor)s::text[], %(kind)s::text[], %(value)s::text[],
    %(source)s::text[], %(event_id)s::text[], %(merged_at)s::bigint[], %(refused)s::text[]
)
ON CONFLICT (absorbed, survivor, kind, value) DO NOTHING

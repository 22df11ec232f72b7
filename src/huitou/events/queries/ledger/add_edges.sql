-- Keep why two nodes are one person, or why they were not made one.
INSERT INTO merge (absorbed, survivor, kind, value, source, event_id, merged_at, refused)
SELECT *
FROM unnest(
    %(absorbed)b::text[], %(survivor)b::text[], %(kind)b::text[], %(value)b::text[],
    %(source)b::text[], %(event_id)b::text[], %(merged_at)s::bigint[], %(refused)b::text[]
)
ON CONFLICT (absorbed, survivor, kind, value) DO NOTHING

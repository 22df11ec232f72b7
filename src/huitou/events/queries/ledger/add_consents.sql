-- The proof book. A bare grant that an import repeats adds nothing to the first one; a withdrawal is always written.
INSERT INTO consent (customer, channel, purpose, granted, how, proof, occurred_at, recorded_at, source, event_id)
SELECT said.*
FROM unnest(
    %(customer)b::text[], %(channel)b::text[], %(purpose)b::text[], %(granted)s::boolean[], %(how)b::text[],
    %(proof)b::text[], %(occurred_at)s::bigint[], %(recorded_at)s::bigint[], %(source)b::text[], %(event_id)b::text[]
) AS said (customer, channel, purpose, granted, how, proof, occurred_at, recorded_at, source, event_id)
WHERE NOT (
    said.granted
    AND said.how = 'import'
    AND EXISTS (
        SELECT FROM consent AS earlier
        WHERE earlier.customer = said.customer AND earlier.channel = said.channel AND earlier.purpose = said.purpose
            AND earlier.granted AND earlier.how = 'import' AND earlier.occurred_at <= said.occurred_at
    )
)

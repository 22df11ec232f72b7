-- The proof book. A bare grant that an import repeats adds nothing to the first one, nor does a consent not given that is
-- told again; a withdrawal is always written. Where the same column of the same source said yes before (here, or in an
-- earlier row of these), its no takes that back: it is a withdrawal. Of lists from before columns were kept any counts.
WITH said AS (
    SELECT *
    FROM unnest(
        %(customer)b::text[], %(channel)b::text[], %(purpose)b::text[], %(granted)s::boolean[], %(how)b::text[],
        %(proof)b::text[], %(occurred_at)s::bigint[], %(recorded_at)s::bigint[], %(source)b::text[], %(event_id)b::text[],
        %(asked)b::text[]
    ) WITH ORDINALITY AS said (
        customer, channel, purpose, granted, how, proof, occurred_at, recorded_at, source, event_id, asked, place
    )
),
judged AS (
    SELECT said.*,
        said.granted IS NULL AND (
            EXISTS (
                SELECT FROM consent AS earlier
                WHERE earlier.customer = said.customer AND earlier.channel = said.channel AND earlier.purpose = said.purpose
                    AND earlier.source = said.source AND earlier.granted
                    AND (earlier.asked = said.asked OR (earlier.asked = '' AND earlier.how = 'import'))
            )
            OR EXISTS (
                SELECT FROM said AS earlier
                WHERE earlier.customer = said.customer AND earlier.channel = said.channel AND earlier.purpose = said.purpose
                    AND earlier.source = said.source AND earlier.asked = said.asked AND earlier.granted
                    AND earlier.place < said.place
            )
        ) AS takes_back
    FROM said
)
INSERT INTO consent (
    customer, channel, purpose, granted, how, proof, occurred_at, recorded_at, source, event_id, asked
)
SELECT said.customer, said.channel, said.purpose, CASE WHEN said.takes_back THEN false ELSE said.granted END,
    said.how, said.proof, said.occurred_at, said.recorded_at, said.source, said.event_id, said.asked
FROM judged AS said
WHERE NOT (
    said.granted IS NOT false
    AND NOT said.takes_back
    AND (said.how = 'import' OR said.granted IS NULL)
    AND EXISTS (
        SELECT FROM consent AS earlier
        WHERE earlier.customer = said.customer AND earlier.channel = said.channel AND earlier.purpose = said.purpose
            AND earlier.granted IS NOT DISTINCT FROM said.granted AND earlier.occurred_at <= said.occurred_at
            AND (earlier.how = 'import' OR said.granted IS NULL)
            AND (said.granted OR (earlier.source = said.source AND earlier.asked = said.asked))
    )
)
ORDER BY said.place

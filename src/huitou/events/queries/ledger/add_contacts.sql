-- What other tools brought to people; told again it is the same.
INSERT INTO contact (customer, channel, address, campaign, message, occurred_at, source, event_id)
SELECT *
FROM unnest(
    %(customer)b::text[], %(channel)b::text[], %(address)b::text[], %(campaign)b::text[], %(message)b::text[],
    %(occurred_at)s::bigint[], %(source)b::text[], %(event_id)b::text[]
)
ON CONFLICT DO NOTHING

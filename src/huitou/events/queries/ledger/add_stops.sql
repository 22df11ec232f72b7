-- What stops (or no longer stops) a message. An order told before, by whomever, adds nothing; returned is what was new.
INSERT INTO stop (customer, kind, shop, order_id, status, occurred_at, recorded_at, source, event_id)
SELECT told.customer, told.kind, told.shop, told.order_id, told.status,
    told.occurred_at, told.recorded_at, told.source, told.event_id
FROM unnest(
    %(customer)b::text[], %(kind)b::text[], %(shop)b::text[], %(order_id)b::text[], %(status)b::text[],
    %(occurred_at)s::bigint[], %(recorded_at)s::bigint[], %(source)b::text[], %(event_id)b::text[]
) WITH ORDINALITY
    AS told (customer, kind, shop, order_id, status, occurred_at, recorded_at, source, event_id, place)
ORDER BY told.shop, told.order_id, told.status, told.place
ON CONFLICT (shop, order_id, status) WHERE NOT order_id = '' AND NOT status = 'order_refunded' DO NOTHING
RETURNING source, event_id

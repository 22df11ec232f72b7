-- An order told again, but of another customer (another source knows them by another id): the order stays one, and
-- stops messages to this customer too. Without order id, so that it is nobody's second order.
INSERT INTO stop (customer, kind, shop, order_id, status, occurred_at, recorded_at, source, event_id)
SELECT told.customer, told.kind, told.shop, '', told.status, told.occurred_at, told.recorded_at, told.source, told.event_id
FROM unnest(
    %(customer)b::text[], %(kind)b::text[], %(shop)b::text[], %(order_id)b::text[], %(status)b::text[],
    %(occurred_at)s::bigint[], %(recorded_at)s::bigint[], %(source)b::text[], %(event_id)b::text[]
) AS told (customer, kind, shop, order_id, status, occurred_at, recorded_at, source, event_id)
JOIN stop AS first ON first.shop = told.shop AND first.order_id = told.order_id AND first.status = told.status
JOIN customer AS here ON here.id = told.customer
JOIN customer AS there ON there.id = first.customer
WHERE coalesce(here.merged_into, here.id) <> coalesce(there.merged_into, there.id)
    AND NOT EXISTS (
        SELECT FROM stop AS same
        WHERE same.customer = told.customer AND same.source = told.source AND same.event_id = told.event_id
    )

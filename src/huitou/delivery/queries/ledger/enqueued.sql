-- What `enqueue` is to put into the outbox, as it was handed over.
CREATE TEMPORARY TABLE enqueued (
    id text, customer text, campaign text, campaign_version integer, occurrence text, step integer, decision text,
    channel text, offer text, products text, context text, stop_since bigint, send_at bigint, expires_at bigint,
    cost_micro bigint, created_at bigint, meant_at bigint
) ON COMMIT DROP

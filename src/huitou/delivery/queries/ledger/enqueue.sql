-- Put the decided messages into the outbox; one that is there already, by whatever run, stays as it is.
INSERT INTO message (
    id, customer, campaign, campaign_version, occurrence, step, decision, channel, offer, products, context,
    stop_since, send_at, expires_at, cost_micro, state, reason, address, attempts, fence, lease_until, sender,
    provider_id, created_at
)
SELECT
    id, customer, campaign, campaign_version, occurrence, step, decision, channel, offer, products::jsonb,
    context::jsonb, stop_since, send_at, expires_at, cost_micro, 'planned', '', '', 0, 0, 0, '', '', created_at
FROM enqueued
ON CONFLICT DO NOTHING

-- Put the decided messages into the outbox; one that is there already, by whatever run, stays as it is. What was meant
-- before the operator cancelled is written down as cancelled, so that no later plan queues it.
WITH written AS (
    INSERT INTO message (
        id, customer, campaign, campaign_version, occurrence, step, decision, channel, purpose, offer, products, context,
        stop_since, send_at, expires_at, cost_micro, state, reason, address, attempts, fence, lease_until, sender,
        provider_id, created_at, resolved_at
    )
    SELECT
        e.id, e.customer, e.campaign, e.campaign_version, e.occurrence, e.step, e.decision, e.channel, %(purpose)s, e.offer,
        e.products::jsonb, e.context::jsonb, e.stop_since, e.send_at, e.expires_at, e.cost_micro,
        CASE WHEN c.at IS NULL THEN 'planned' ELSE 'suppressed' END, CASE WHEN c.at IS NULL THEN '' ELSE 'cancelled' END,
        '', 0, 0, 0, '', '', e.created_at, c.at
    FROM enqueued e
    LEFT JOIN (
        SELECT campaign, occurrence, max(at) AS at FROM cancellation GROUP BY campaign, occurrence
    ) c ON c.campaign = e.campaign AND c.occurrence = e.occurrence AND c.at > e.meant_at
    ON CONFLICT DO NOTHING
    RETURNING state
)
SELECT state, count(*) FROM written GROUP BY state

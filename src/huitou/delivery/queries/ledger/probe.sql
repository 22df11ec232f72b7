-- A claimed message that is rolled back again: what the guard is asked about when nothing is due.
INSERT INTO message (
    id, customer, campaign, campaign_version, occurrence, step, decision, channel, purpose, offer, products, context, stop_since,
    send_at, expires_at, cost_micro, state, reason, address, attempts, fence, lease_until, sender, provider_id, created_at
)
VALUES (
    %(id)s, %(customer)s, %(campaign)s, 0, %(id)s, 0, '', %(channel)s, %(purpose)s, '', '[]', '{}', %(now)s,
    %(now)s, %(expires_at)s, 0, 'claimed', '', '', 0, 0, 0, '', '', %(now)s
)

-- Intended messages with today's broadcast: what the one they were planned for (occurrence) was merged into.
-- Reads outbox, aliases.
SELECT
  m.id, m.customer, m.campaign, m.campaign_version, coalesce(a.survivor, m.occurrence) AS broadcast, m.step, m.decision,
  m.channel, m.offer, m.products, m.send_at, m.expires_at, m.state, m.reason, m.attempts, m.cost_micro, m.final_at,
  m.submitted_at, m.created_at, m.occurrence
FROM outbox AS m
LEFT JOIN aliases AS a ON a.broadcast = m.occurrence
ORDER BY m.id

-- Decisions with today's broadcast: what the one they were taken for was merged into. occurrence: the one they were taken
-- for, under which their messages go. Reads loaded_decisions, aliases.
SELECT
  d.decision_id, d.campaign, coalesce(a.survivor, d.broadcast) AS broadcast, d.customer, d.user_id, d.decided_at,
  d.action, d.reason, d.policy, d.policy_version, d.timing, d.step, d.send_at, d.channel, d.offer, d.products,
  d.propensity, d.expected_profit_minor, d.cost_minor, d.features_hash, d.seed, d.context, d.broadcast AS occurrence
FROM loaded_decisions AS d
LEFT JOIN aliases AS a ON a.broadcast = d.broadcast

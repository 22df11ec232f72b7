-- Decisions with today's broadcast: what the one they were taken for was merged into. occasion: the one they were taken for,
-- under which their messages go. Reads loaded_decisions, aliases.
SELECT
  d.decision_id, d.campaign, d.campaign_version, d.occasion, coalesce(a.survivor, d.broadcast) AS broadcast, d.customer,
  d.user_id, d.decided_at, d.action, d.reason, d.policy, d.policy_version, d.timing, d.step, d.send_at, d.channel,
  d.offer, d.products, d.why, d.propensity, d.expected_profit_minor, d.cost_minor, d.offer_cost, d.offer_price_minor,
  d.offer_expires_at, d.intent, d.stage, d.language, d.timezone, d.holdout_chance, d.dropped_steps, d.dropped_reasons,
  d.stop_since, d.expires_at, d.features_hash, d.seed
FROM loaded_decisions AS d
LEFT JOIN aliases AS a ON a.broadcast = d.broadcast

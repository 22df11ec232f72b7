-- Every decision about one customer (also under ids that merges absorbed), the latest first. Reads decisions, merges.
SELECT
  d.decision_id, d.campaign, d.broadcast, d.decided_at, d.action, d.reason, d.policy, d.policy_version, d.timing,
  d.step, d.send_at, d.channel, d.offer, d.propensity,
  CAST(d.expected_profit_minor * 1000000 AS BIGINT) AS profit_micro,
  d.context
FROM decisions AS d
LEFT JOIN merges AS m ON m.customer = d.customer
WHERE coalesce(m.root, d.customer) = $customer
ORDER BY d.decided_at DESC, d.campaign, d.broadcast, d.step

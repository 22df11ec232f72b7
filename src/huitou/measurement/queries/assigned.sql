-- Whom the campaign wrote to and whom it left alone: one row for every decided customer, with the person they are today.
-- chance: of being held out, as it was when the decision was made (null where the decision does not tell); offered:
-- whether an offer went with the messages. Reads decisions, merges.
SELECT
  coalesce(m.root, d.customer) AS customer,
  d.customer AS decided_customer,
  max(d.action) AS action,
  min(d.decided_at) AS decided_at,
  max(d.holdout_chance) AS chance,
  max(CASE WHEN d.action = 'send' AND d.offer_expires_at IS NOT NULL THEN 1 ELSE 0 END) AS offered
FROM decisions AS d
LEFT JOIN merges AS m ON m.customer = d.customer
WHERE d.broadcast = $broadcast AND d.campaign = $campaign AND d.action IN ('send', 'holdout')
GROUP BY coalesce(m.root, d.customer), d.customer
ORDER BY customer, decided_customer

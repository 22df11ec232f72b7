-- The messages that count in the caps: what became of those in `went` (contact_at null: it did not go), and what other
-- decisions plan. Reads decisions, went(decision, customer, contact_at), merges.
SELECT coalesce(m.root, w.customer) AS customer, w.contact_at
FROM went AS w
LEFT JOIN merges AS m ON m.customer = w.customer
WHERE w.contact_at > $since
UNION ALL
SELECT coalesce(m.root, d.customer) AS customer, d.send_at AS contact_at
FROM decisions AS d
LEFT JOIN merges AS m ON m.customer = d.customer
LEFT JOIN went AS w ON w.decision = d.decision_id
WHERE d.action = 'send' AND d.send_at > $since AND w.decision IS NULL
ORDER BY customer, contact_at

-- The messages that count in the caps: what became of those in `went` (contact_at null: it did not go), what other
-- decisions plan, and what the held-out would have got before they ordered: else the caps would take out of the next
-- comparison those who were written to, and leave in those who were not. Reads decisions, went(decision, customer,
-- contact_at), merges, portraits.
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
UNION ALL
SELECT coalesce(m.root, d.customer) AS customer, d.send_at AS contact_at
FROM decisions AS d
LEFT JOIN merges AS m ON m.customer = d.customer
LEFT JOIN portraits AS p ON p.customer = coalesce(m.root, d.customer)
WHERE d.action = 'holdout'
  AND d.send_at > $since
  AND NOT coalesce(p.last_order_at >= d.stop_since AND p.last_order_at < d.send_at, false)
ORDER BY customer, contact_at

-- Portrait, family presence: when each person was first and last heard of up to $now, by their own doing.
-- Reads events. Receipts of messages, parcels (received by themselves after ten days) and imported master data are not
-- the person's doing.
SELECT
  customer,
  min(occurred_at) AS first_seen_at,
  max(CASE
    WHEN name NOT IN (
      'message_sent', 'message_delivered', 'message_bounced', 'message_failed', 'order_shipped', 'order_cancelled',
      'order_refunded', 'order_received', 'order_updated', 'identified', 'grouped', 'aliased', 'consent_given', 'consent_not_given',
      'consent_withdrawn'
    ) THEN occurred_at
  END) AS last_seen_at
FROM events
WHERE customer IS NOT NULL AND occurred_at <= $now
GROUP BY customer
ORDER BY customer

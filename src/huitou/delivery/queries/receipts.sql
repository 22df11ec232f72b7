-- What happened to messages since the event at $after: receipts by kind of event, and orders of those who may have
-- been led by one. `message` is null for an order that names none.
SELECT position, name, message, customer, occurred_at, order_id, properties
FROM events
WHERE position > $after
    AND (
        (message IS NOT NULL AND name IN (
            'message_delivered', 'message_opened', 'message_clicked', 'message_replied', 'message_bounced',
            'message_complained', 'unsubscribed'
        ))
        OR name IN ('order_created', 'order_paid')
    )
ORDER BY position

-- What waits to go to a person, the next first.
SELECT message.id, message.campaign, message.occurrence, message.channel, message.send_at
FROM message
LEFT JOIN customer ON customer.id = message.customer
WHERE coalesce(customer.merged_into, message.customer) = %(customer)s AND message.state IN ('planned', 'retry', 'claimed')
ORDER BY message.send_at, message.id

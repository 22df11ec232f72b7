-- One message with everything that is known of it.
SELECT message.*, coalesce(customer.merged_into, message.customer) AS root
FROM message
LEFT JOIN customer ON customer.id = message.customer
WHERE message.id = %(message)s

-- One page of messages, the latest first: by when they went, else when they are due.
SELECT message.id, coalesce(customer.merged_into, message.customer) AS customer, message.campaign, message.occurrence,
    message.step, message.channel, message.offer, message.state, message.reason, message.send_at, message.final_at,
    message.submitted_at, message.address, message.context -> 'customer' ->> 'name' AS name,
    message_body.body AS packed,
    count(*) OVER () AS total
FROM message
LEFT JOIN customer ON customer.id = message.customer
LEFT JOIN message_body ON message_body.message = message.id
WHERE (%(occurrence)b::text[] IS NULL OR message.occurrence = ANY (%(occurrence)b::text[]))
    AND (%(campaign)s::text IS NULL OR message.campaign = %(campaign)s::text)
    AND (%(states)b::text[] IS NULL OR message.state = ANY(%(states)b::text[]))
    AND (%(customer)s::text IS NULL OR coalesce(customer.merged_into, message.customer) = %(customer)s::text)
ORDER BY coalesce(message.final_at, message.send_at) DESC, message.id
LIMIT %(limit)s OFFSET %(offset)s

-- The proof book of one person, the latest first.
SELECT consent.channel, consent.purpose, consent.granted, consent.how, consent.proof, consent.occurred_at,
    consent.source, consent.event_id
FROM consent
JOIN customer ON customer.id = consent.customer
WHERE coalesce(customer.merged_into, customer.id) = %(customer)s
ORDER BY consent.occurred_at DESC, consent.id DESC

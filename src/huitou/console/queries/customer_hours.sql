-- How many of a customer's own acts fell into each hour of the day, $offset_us east of UTC. Reads events.
SELECT (occurred_at + $offset_us) // 3600000000 % 24 AS hour, count(*) AS acts
FROM events
WHERE customer = $customer
  AND occurred_at <= $now
  AND type <> 'identify'
  AND name NOT IN ('message_delivered', 'order_shipped', 'consent_given', 'consent_not_given', 'consent_withdrawn')
GROUP BY (occurred_at + $offset_us) // 3600000000 % 24
ORDER BY hour

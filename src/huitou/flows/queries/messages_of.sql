-- The messages of one campaign and broadcast. Reads messages.
SELECT id, customer, state, reason, cost_micro
FROM messages
WHERE broadcast = $broadcast AND campaign = $campaign
ORDER BY id

-- Which broadcasts were planned with which campaigns since $since, to the end: where the process died between deciding
-- and queueing, messages are missing from the outbox. Reads decisions, messages.
SELECT d.broadcast, d.campaign
FROM decisions AS d
LEFT JOIN messages AS m ON m.decision = d.decision_id
WHERE d.decided_at >= $since
GROUP BY d.broadcast, d.campaign
HAVING count(CASE WHEN d.action = 'send' AND m.decision IS NULL THEN 1 END) = 0
ORDER BY d.broadcast, d.campaign

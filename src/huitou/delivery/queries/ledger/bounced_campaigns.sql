-- The campaigns at work of which any of these messages came back.
SELECT DISTINCT m.campaign
FROM message m
WHERE m.id = ANY (%(messages)s)
    AND m.state = 'failed'
    AND (SELECT c.state FROM campaign c WHERE c.name = m.campaign ORDER BY c.version DESC LIMIT 1) = 'active'
ORDER BY m.campaign

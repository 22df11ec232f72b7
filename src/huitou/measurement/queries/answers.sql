-- What people answered to this campaign's messages: opt-outs, complaints, replies. Reads events, sent(message).
SELECT e.name, e.message, e.content, count(*) AS times
FROM events AS e
JOIN sent AS s ON s.message = e.message
WHERE e.name IN ('unsubscribed', 'message_complained', 'message_replied')
GROUP BY e.name, e.message, e.content
ORDER BY e.name, e.message, e.content

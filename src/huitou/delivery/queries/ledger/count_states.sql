-- How many messages are in which state, and why; of one occurrence where it is given.
SELECT state, reason, count(*)
FROM message
WHERE %(occurrence)s::text IS NULL OR occurrence = %(occurrence)s
GROUP BY state, reason
ORDER BY state, reason

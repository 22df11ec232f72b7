-- Queued messages, not yet due (those are the guard's), whose person has a stop or a withdrawal above the ids given.
WITH news AS (
    SELECT customer FROM stop WHERE id > %(stop)s AND kind IN ('order', 'unfollow', 'complaint')
    UNION
    SELECT customer FROM consent WHERE id > %(consent)s AND NOT granted
),
affected AS (
    SELECT DISTINCT coalesce(c.merged_into, n.customer) AS person FROM news n LEFT JOIN customer c ON c.id = n.customer
),
people AS (
    SELECT person AS customer FROM affected
    UNION
    SELECT c.id FROM affected a JOIN customer c ON c.merged_into = a.person
)
SELECT m.id
FROM people p
JOIN message m ON m.customer = p.customer
WHERE m.state IN ('planned', 'retry') AND m.send_at > %(now)s

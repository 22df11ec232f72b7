-- Every kind of join, over keys that repeat and keys that are NULL.
WITH paid AS (
  SELECT id, CAST(sum(paid) AS BIGINT) AS paid FROM orders GROUP BY id
), left_out AS (
  SELECT p.id FROM people AS p ANTI JOIN orders AS o ON o.id = p.id
), known AS (
  SELECT p.id FROM people AS p SEMI JOIN orders AS o USING (id)
)
SELECT coalesce(p.id, m.id) AS id, p.city, m.paid, l.id AS left_out, k.id AS known, g.low
FROM people AS p
FULL JOIN paid AS m ON m.id = p.id
LEFT JOIN left_out AS l ON l.id = p.id
LEFT JOIN known AS k ON k.id = p.id
CROSS JOIN (VALUES (0, 'a'), (5, 'b')) AS g(low, name)
WHERE g.low = 0 OR m.paid > g.low
ORDER BY coalesce(p.id, m.id), g.low

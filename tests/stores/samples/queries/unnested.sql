-- One row for each element, by both spellings.
WITH spelled AS (
  SELECT id, unnest(tags) AS tag FROM people
)
SELECT s.id, s.tag, count(*) AS n
FROM spelled AS s
GROUP BY s.id, s.tag
UNION ALL
SELECT p.id, u.tag, 0 AS n
FROM people AS p, unnest(p.tags) AS u(tag)

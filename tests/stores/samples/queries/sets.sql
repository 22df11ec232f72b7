-- Set operations take NULL for a value.
SELECT * FROM (SELECT city AS x FROM people UNION SELECT note FROM people) AS both_of
EXCEPT
(SELECT note FROM people INTERSECT SELECT DISTINCT id FROM orders)

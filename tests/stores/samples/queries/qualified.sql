-- The latest three of each city, and a limit over a total order.
SELECT id, city, joined_at
FROM people
QUALIFY row_number() OVER (PARTITION BY city ORDER BY joined_at DESC, id) <= 3
ORDER BY joined_at DESC, id
LIMIT 9

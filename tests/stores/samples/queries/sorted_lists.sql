-- Lists in a stated order: of structs with NULL fields, of known values, downwards.
SELECT
  city,
  list_sort(list({'t': joined_at, 'id': id})) AS by_time,
  list_sort(list({'s': score, 'id': id}) FILTER (WHERE vip), 'desc') AS by_score,
  list_sort(list(DISTINCT score) FILTER (WHERE score IS NOT NULL)) AS scores
FROM people
GROUP BY city
ORDER BY city

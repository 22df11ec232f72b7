-- The row that comes first or last, with a tie-break, over keys and values that may be NULL.
SELECT
  city,
  arg_max(note, {'t': joined_at, 'id': id}) AS last_note,
  arg_min(note, {'t': joined_at, 'id': id}) AS first_note,
  arg_max({'n': note}, {'s': score, 'id': id}).n AS best_note,
  arg_min(score, {'a': amount, 'id': id}) FILTER (WHERE vip) AS vip_score
FROM people
GROUP BY city
ORDER BY city

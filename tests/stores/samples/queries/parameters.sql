-- Parameters of every kind, as values.
SELECT
  id,
  joined_at + $days * 86400000000 AS later,
  note = $note AS is_note,
  list_contains($cities, city) AS in_cities,
  list_contains($scores, score) AS in_scores,
  list_contains($none_of, id) AS in_none,
  score * $factor AS scaled,
  $flag AND vip AS flagged,
  score // $by AS part
FROM people
WHERE score > $least OR score IS NULL
ORDER BY id

-- Looking into stored lists: empty, NULL, holding NULL.
SELECT
  id,
  array_length(tags) AS n,
  list_contains(tags, 'b') AS has_b,
  list_contains(tags, note) AS has_note,
  list_has_any(tags, ['a', 'z']) AS has_any,
  tags[1] AS first_tag,
  tags[1:2] AS first_two,
  list_sort(tags) AS sorted,
  array_to_string(tags, '+') AS joined,
  list_filter(tags, lambda t: t = 'b') AS only_b,
  list_transform(tags, lambda t: t || '!') AS loud,
  [score, amount] AS pair,
  {'s': score, 't': note} AS both_of
FROM people
ORDER BY id

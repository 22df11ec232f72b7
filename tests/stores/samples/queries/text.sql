-- Text as it is stored: characters are code points, NULL swallows || and is skipped by concat.
SELECT
  id,
  note || '!' AS shouted,
  concat(note, city, 'x') AS joined,
  length(note) AS letters,
  trim(note) AS trimmed,
  substring(note, 2, 3) AS middle,
  "left"(note, 2) AS first_two,
  "right"(note, 2) AS last_two,
  starts_with(note, 'a') AS starts,
  contains(note, 'b') AS has_b,
  replace(note, 'a', '_') AS replaced,
  translate(note, 'ABC', 'abc') AS lowered,
  split_part(note, ',', 2) AS second,
  strpos(note, 'b') AS place,
  md5(note) AS digest,
  note LIKE 'a%' AS begins,
  note LIKE '_b%' AS later
FROM people
ORDER BY id

-- Reading stored JSON: texts, numbers, nesting, what is not there.
SELECT
  id,
  props ->> '$.a' AS a,
  props ->> '$.b.c' AS c,
  props ->> '$.l[1]' AS second,
  try_cast(props ->> '$.n' AS BIGINT) AS n,
  props ->> '$.none' AS none
FROM people
ORDER BY id

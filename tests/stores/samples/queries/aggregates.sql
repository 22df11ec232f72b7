-- One row a city: counts, exact sums, extremes, NULL as a group of its own.
SELECT
  city,
  count(*) AS people,
  count(score) AS scored,
  count(DISTINCT score) AS scores,
  count(*) FILTER (WHERE vip) AS vips,
  CAST(sum(score) AS BIGINT) AS total,
  sum(amount) FILTER (WHERE score > 0) AS positive,
  sum(balance) AS balance,
  CAST(sum(score) AS BIGINT) / nullif(count(score), 0) AS mean,
  min(score) AS lowest,
  max(note) AS last_note,
  bool_or(vip) AS any_vip,
  bool_and(vip) AS all_vip,
  string_agg(id, ',' ORDER BY id) AS ids,
  string_agg(DISTINCT note, '|' ORDER BY note) AS notes
FROM people
GROUP BY city
HAVING count(*) > 0
ORDER BY city

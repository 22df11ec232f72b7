-- Ranks and neighbours, NULLs last on the way up and on the way down.
SELECT
  id,
  row_number() OVER (PARTITION BY city ORDER BY score, id) AS place,
  row_number() OVER (ORDER BY score DESC, id) AS place_down,
  rank() OVER (ORDER BY score) AS ranked,
  dense_rank() OVER (ORDER BY score DESC) AS ranked_down,
  percent_rank() OVER (ORDER BY score) AS part_below,
  cume_dist() OVER (ORDER BY score) AS part_up_to,
  ntile(3) OVER (ORDER BY score, id) AS third,
  lag(score) OVER (ORDER BY joined_at, id) AS before,
  lead(score, 2) OVER (ORDER BY joined_at, id) AS after_next,
  first_value(note) OVER (PARTITION BY city ORDER BY joined_at, id) AS first_note,
  last_value(score IGNORE NULLS) OVER (
    PARTITION BY city ORDER BY joined_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS last_known,
  CAST(sum(amount) OVER (PARTITION BY city ORDER BY joined_at, id) AS BIGINT) AS running,
  count(*) OVER (PARTITION BY city) AS neighbours
FROM people
ORDER BY id

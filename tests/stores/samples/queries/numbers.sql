-- Arithmetic that comes out the same: division of negative numbers, NULLs, decimals, rounding down.
SELECT
  id,
  score + amount * 2 - 1 AS sum_of,
  score // 7 AS whole,
  score // nullif(amount, 0) AS whole_by,
  score % 7 AS rest,
  score / nullif(amount, 0) AS share,
  balance / 3.0 AS third,
  balance * 1.5 AS more,
  -score AS minus,
  abs(amount) AS size,
  sqrt(abs(amount)) AS root,
  CAST(floor(amount / 8) AS BIGINT) AS down,
  CAST(ceil(amount / 8) AS BIGINT) AS up,
  round(CAST(balance AS DECIMAL(12, 2)), 1) AS rounded,
  greatest(amount, score, 0) AS most,
  least(amount, score) AS fewest,
  coalesce(score, amount, 0) AS known,
  nullif(amount, 3) AS not_three
FROM people
ORDER BY id

-- Changing types without rounding.
SELECT
  id,
  CAST(score AS VARCHAR) AS score_text,
  CAST(vip AS BIGINT) AS vip_number,
  CAST(vip AS INT) AS vip_int,
  CAST(balance AS VARCHAR) AS balance_text,
  CAST(score AS DOUBLE) AS score_double,
  CAST(score AS DECIMAL(20, 2)) AS score_decimal,
  try_cast(note AS BIGINT) AS note_number,
  try_cast(note AS DECIMAL(18, 2)) AS note_decimal,
  CAST(NULL AS VARCHAR) AS nothing,
  CAST([] AS VARCHAR[]) AS no_tags
FROM people
ORDER BY id

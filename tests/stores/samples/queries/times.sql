-- Microseconds to days, weeks and texts, before 1970 too where only texts are made.
SELECT
  id,
  joined_at // 86400000000 AS day_number,
  (joined_at // 3600000000) % 24 AS hour_of_day,
  strftime(make_timestamp(joined_at), '%Y-%m-%d %H:%M:%S') AS moment,
  strftime(date_trunc('week', make_timestamp(joined_at)), '%Y-%m-%d') AS week,
  epoch_us(date_trunc('month', make_timestamp(joined_at))) AS month_at
FROM people
ORDER BY id

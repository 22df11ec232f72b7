-- Aggregates without a group answer one row even over nothing.
SELECT count(*) AS people, CAST(sum(score) AS BIGINT) AS total, min(joined_at) AS first_at, bool_or(vip) AS any_vip
FROM people

-- The broadcast's funnel in people of today, each stage counting everybody who reached it. Reads funnel_people.
SELECT
  count(*) AS entered,
  CAST(sum(CASE WHEN saw_product THEN 1 ELSE 0 END) AS BIGINT) AS saw_product,
  CAST(sum(CASE WHEN clicked THEN 1 ELSE 0 END) AS BIGINT) AS clicked,
  CAST(sum(CASE WHEN carted THEN 1 ELSE 0 END) AS BIGINT) AS carted
FROM funnel_people

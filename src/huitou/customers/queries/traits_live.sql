-- Portrait, family live: how each person attends broadcasts. Reads visits.
SELECT
  customer,
  count(*) AS broadcasts,
  CAST(sum(watch_seconds) AS BIGINT) AS watch_seconds,
  CAST(sum(comments) AS BIGINT) AS comments,
  CAST(sum(questions) AS BIGINT) AS questions,
  CAST(sum(likes) AS BIGINT) AS likes,
  CAST(sum(gifts) AS BIGINT) AS gifts,
  CAST(sum(shares) AS BIGINT) AS shares,
  CAST(sum(clicks) AS BIGINT) AS clicks,
  CAST(sum(carts) AS BIGINT) AS carts,
  count(CASE WHEN ordered THEN 1 END) AS broadcasts_ordered,
  max(last_seen_at) AS last_visit_at
FROM visits
GROUP BY customer
ORDER BY customer

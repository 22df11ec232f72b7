-- Comparisons and choices with NULL on either side.
SELECT
  p.id,
  p.score = p.amount AS same,
  p.score <> p.amount AS other,
  p.score > p.amount OR p.vip AS above,
  p.score >= 0 AND p.score <= 5 AS within,
  p.score < 0 AS below,
  NOT p.vip AS plain,
  p.city IS NULL AS nowhere,
  p.score IS DISTINCT FROM p.amount AS differs,
  p.score IS NOT DISTINCT FROM p.amount AS alike,
  p.score BETWEEN -3 AND 3 AS near,
  p.city IN ('杭州', 'x') AS listed,
  CASE WHEN p.score > 0 THEN 'plus' WHEN p.score < 0 THEN 'minus' ELSE 'none' END AS sign_of,
  if(p.vip, 1, 2) AS rank_of,
  CASE p.city WHEN '杭州' THEN 1 END AS home
FROM people AS p
WHERE EXISTS (SELECT 1 FROM orders AS o WHERE o.id = p.id)
  OR p.id NOT IN (SELECT o.id FROM orders AS o WHERE o.id IS NOT NULL)
ORDER BY p.id

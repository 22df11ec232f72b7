-- Where high begins, for each currency: recency at most, orders at least, spent at least. The mean of all buyers (of
-- the currency, for money), or what the operator set. Reads traits_orders, rfm_given(currency, recency_days, orders,
-- spent_minor): null is "by the mean". Integers compare with a mean exactly by its floor or its ceiling.
WITH buyers AS (
  SELECT currency, recency_days, orders, spent_minor FROM traits_orders WHERE orders > 0
),
everybody AS (
  SELECT
    CAST(sum(recency_days) // nullif(count(*), 0) AS BIGINT) AS recency_days,
    CAST((sum(orders) + count(*) - 1) // nullif(count(*), 0) AS BIGINT) AS orders
  FROM buyers
  HAVING count(*) > 0
),
money AS (
  SELECT currency, CAST((sum(spent_minor) + count(*) - 1) // nullif(count(*), 0) AS BIGINT) AS spent_minor
  FROM buyers
  GROUP BY currency
)
SELECT
  m.currency,
  coalesce(g.recency_days, e.recency_days) AS recency_days,
  coalesce(g.orders, e.orders) AS orders,
  coalesce(g.spent_minor, m.spent_minor) AS spent_minor
FROM money AS m
CROSS JOIN everybody AS e
LEFT JOIN rfm_given AS g ON g.currency = m.currency
ORDER BY m.currency

-- The cell of each buyer, three letters in the order recency, frequency, money: H is recent, often, much. People who
-- have bought nothing have none. Reads traits_orders, rfm_thresholds, rfm_cells(rfm, grade).
WITH placed AS (
  SELECT
    t.customer,
    (CASE WHEN t.recency_days <= h.recency_days THEN 'H' ELSE 'L' END)
      || (CASE WHEN t.orders >= h.orders THEN 'H' ELSE 'L' END)
      || (CASE WHEN t.spent_minor >= h.spent_minor THEN 'H' ELSE 'L' END) AS rfm
  FROM traits_orders AS t
  JOIN rfm_thresholds AS h ON h.currency = t.currency
  WHERE t.orders > 0
)
SELECT p.customer, p.rfm, c.grade AS rfm_grade
FROM placed AS p
JOIN rfm_cells AS c ON c.rfm = p.rfm
ORDER BY p.customer

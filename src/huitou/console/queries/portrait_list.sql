-- One page of customers, those who spent most first, with how many there are in all; a cell or a stage narrows them.
-- Rows $first to $last of the order. Reads portraits, customers.
WITH chosen AS (
  SELECT
    p.customer, c.name, p.lifecycle, p.rfm, p.rfm_grade, p.orders, p.spent_minor, p.currency, p.last_order_at,
    p.last_seen_at, p.broadcasts, p.email_permission AND p.email_address AS by_email,
    row_number() OVER (ORDER BY p.spent_minor DESC, p.last_seen_at DESC, p.customer) AS place,
    count(*) OVER () AS total
  FROM portraits AS p
  LEFT JOIN customers AS c ON c.root = p.customer
  WHERE ($rfm IS NULL OR p.rfm = $rfm) AND ($stage IS NULL OR p.lifecycle = $stage)
)
SELECT *
FROM chosen
WHERE place >= $first AND place <= $last
ORDER BY place

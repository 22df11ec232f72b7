-- One page of customers with how many there are in all: narrowed by a cell, a stage, and whether mail may be sent to them;
-- in the order of $sort: spent (default), ordered or seen last. Rows $first to $last. Reads portraits, customers.
WITH chosen AS (
  SELECT
    p.customer, c.name, p.lifecycle, p.rfm, p.rfm_grade, p.orders, p.spent_minor, p.currency, p.last_order_at,
    p.last_seen_at, p.broadcasts, p.email_permission AND p.email_address AS by_email,
    row_number() OVER (
      ORDER BY
        CASE $sort WHEN 'ordered' THEN p.last_order_at WHEN 'seen' THEN p.last_seen_at ELSE p.spent_minor END
          DESC NULLS LAST,
        p.last_seen_at DESC,
        p.customer
    ) AS place,
    count(*) OVER () AS total
  FROM portraits AS p
  LEFT JOIN customers AS c ON c.root = p.customer
  WHERE ($rfm IS NULL OR p.rfm = $rfm)
    AND ($stage IS NULL OR p.lifecycle = $stage)
    AND ($by_email IS NULL OR (p.email_permission AND p.email_address) = $by_email)
)
SELECT *
FROM chosen
WHERE place >= $first AND place <= $last
ORDER BY place

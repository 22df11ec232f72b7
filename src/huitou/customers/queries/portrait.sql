-- One customer's portrait, by today's id or by one that a merge has absorbed. Reads portraits, merges(customer, root).
WITH known AS (
  SELECT coalesce(max(root), $customer) AS root FROM merges WHERE customer = $customer
)
SELECT p.*
FROM portraits AS p
JOIN known AS k ON k.root = p.customer

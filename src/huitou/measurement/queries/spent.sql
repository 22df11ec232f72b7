-- What the messages handed over to each person cost, with the person they are today. Reads handed(id, customer,
-- cost_micro), merges.
SELECT coalesce(m.root, h.customer) AS customer, CAST(sum(h.cost_micro) AS BIGINT) AS cost_micro
FROM handed AS h
LEFT JOIN merges AS m ON m.customer = h.customer
GROUP BY coalesce(m.root, h.customer)
ORDER BY customer

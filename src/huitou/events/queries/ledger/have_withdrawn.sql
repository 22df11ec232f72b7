-- Those of the customers whose own withdrawal on the channel stands: no grant of the person restored it since.
WITH own AS MATERIALIZED (
    SELECT id AS customer, coalesce(merged_into, id) AS person FROM customer WHERE id = ANY(%(customers)b::text[])
),
people AS MATERIALIZED (
    SELECT person, person AS customer FROM own
    UNION
    SELECT own.person, customer.id FROM own JOIN customer ON customer.merged_into = own.person
),
asked_of AS MATERIALIZED (
    SELECT DISTINCT person, %(channel)s::text AS channel, %(purpose)s::text AS purpose FROM own
),
{permission}
SELECT own.customer
FROM own
JOIN said ON said.person = own.person AND said.customer = own.customer AND NOT said.granted
JOIN permission ON permission.person = own.person
GROUP BY own.customer, permission.renewed_at
HAVING max(said.occurred_at) >= coalesce(permission.renewed_at, max(said.occurred_at))

-- Those of the customers whose own withdrawal on the channel stands: no grant of the person restored it since.
WITH gone AS (
    SELECT consent.customer, coalesce(customer.merged_into, customer.id) AS root, max(consent.occurred_at) AS gone_at
    FROM consent
    JOIN customer ON customer.id = consent.customer
    WHERE consent.customer = ANY(%(customers)b::text[]) AND consent.purpose = %(purpose)s
        AND consent.channel IN (%(channel)s::text, '*') AND NOT consent.granted
    GROUP BY 1, 2
),
people AS (
    SELECT root, root AS customer FROM gone
    UNION
    SELECT gone.root, customer.id FROM gone JOIN customer ON customer.merged_into = gone.root
)
SELECT gone.customer
FROM gone
WHERE NOT EXISTS (
    SELECT
    FROM people
    JOIN consent ON consent.customer = people.customer
    WHERE people.root = gone.root AND consent.purpose = %(purpose)s AND consent.channel = %(channel)s::text
        AND consent.granted AND consent.how <> 'import' AND consent.occurred_at > gone.gone_at
)

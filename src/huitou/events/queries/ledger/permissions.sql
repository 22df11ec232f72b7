-- What each person (root) has permitted on each channel they ever spoke of ('*': all channels at once), as of now.
-- `since` is the first grant that holds, else the last withdrawal.
WITH people AS MATERIALIZED (
    SELECT coalesce(merged_into, id) AS person, id AS customer FROM customer WHERE %(roots)b::text[] IS NULL
    UNION
    SELECT root, root FROM unnest(%(roots)b::text[]) AS root
    UNION
    SELECT root, customer.id FROM unnest(%(roots)b::text[]) AS root JOIN customer ON customer.merged_into = root
),
asked_of AS MATERIALIZED (
    SELECT DISTINCT people.person, consent.channel, consent.purpose
    FROM people
    JOIN consent ON consent.customer = people.customer
    WHERE consent.purpose = %(purpose)s AND consent.granted IS NOT NULL AND consent.occurred_at <= %(now)s
        AND (%(channel)s::text IS NULL OR consent.channel IN (%(channel)s::text, '*'))
),
{permission}
SELECT person AS root, channel, granted, coalesce(granted_how, withdrawn_how) AS how,
    coalesce(granted_at, withdrawn_at) AS since
FROM permission
ORDER BY person, channel

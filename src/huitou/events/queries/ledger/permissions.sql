-- What each person (root) has permitted on each channel they ever spoke of ('*': all channels at once).
-- A withdrawal beats every earlier grant and every bare import grant whenever dated; only an explicit grant that
-- occurred after it restores. `since` is the first grant that holds, else the last withdrawal. Where somebody was asked and
-- did not agree (granted is null) nothing was permitted and nothing withdrawn: that alone makes no row.
WITH said AS (
    SELECT coalesce(customer.merged_into, customer.id) AS root,
        consent.channel, consent.granted, consent.how, consent.occurred_at
    FROM consent
    JOIN customer ON customer.id = consent.customer
    WHERE consent.purpose = %(purpose)s AND consent.granted IS NOT NULL AND consent.occurred_at <= %(now)s
        AND (%(roots)b::text[] IS NULL OR coalesce(customer.merged_into, customer.id) = ANY(%(roots)b::text[]))
        AND (%(channel)s::text IS NULL OR consent.channel IN (%(channel)s::text, '*'))
),
withdrawn AS (
    SELECT spoken.root, spoken.channel, max(said.occurred_at) AS withdrawn_at,
        (array_agg(said.how ORDER BY said.occurred_at DESC, said.how))[1] AS how
    FROM (SELECT DISTINCT root, channel FROM said) AS spoken
    JOIN said ON said.root = spoken.root AND said.channel IN (spoken.channel, '*') AND NOT said.granted
    GROUP BY spoken.root, spoken.channel
),
holding AS (
    SELECT said.root, said.channel, min(said.occurred_at) AS since,
        (array_agg(said.how ORDER BY said.occurred_at, said.how))[1] AS how
    FROM said
    LEFT JOIN withdrawn ON withdrawn.root = said.root AND withdrawn.channel = said.channel
    WHERE said.granted
        AND (withdrawn.withdrawn_at IS NULL OR (said.how <> 'import' AND said.occurred_at > withdrawn.withdrawn_at))
    GROUP BY said.root, said.channel
)
SELECT spoken.root, spoken.channel, holding.root IS NOT NULL AS granted,
    coalesce(holding.how, withdrawn.how) AS how, coalesce(holding.since, withdrawn.withdrawn_at) AS since
FROM (SELECT DISTINCT root, channel FROM said) AS spoken
LEFT JOIN holding ON holding.root = spoken.root AND holding.channel = spoken.channel
LEFT JOIN withdrawn ON withdrawn.root = spoken.root AND withdrawn.channel = spoken.channel
ORDER BY spoken.root, spoken.channel

-- Rule: what a person permits on a channel for a purpose. The asker brings people(person, customer) and
-- asked_of(person, channel, purpose); `permission` has a row for each that was ever spoken of.
-- A withdrawal ('*': from all channels at once) beats every earlier grant, and every bare import grant whenever dated; only
-- an explicit grant that occurred after it restores, and at the same moment it wins. Where somebody was asked and did not
-- agree (granted is null) nothing was permitted and nothing withdrawn.
-- What permits counts up to %(now)s, what forbids up to %(until)s: see events/rules.py.
-- What each person said comes first and for itself: else the server, where it takes the tables for small, joins by purpose.
spoken AS MATERIALIZED (
    SELECT p.person, k.customer, k.channel, k.purpose, k.granted, k.how, k.occurred_at
    FROM people p
    JOIN consent k ON k.customer = p.customer
    WHERE k.granted IS NOT NULL
),
said AS MATERIALIZED (
    SELECT
        a.person, a.channel, a.purpose, k.customer, k.granted, k.how, k.occurred_at,
        max(k.occurred_at) FILTER (WHERE NOT k.granted) OVER (PARTITION BY a.person, a.channel, a.purpose) AS withdrawn_at
    FROM asked_of a
    JOIN spoken k ON k.person = a.person AND k.purpose = a.purpose
        AND CASE
            WHEN k.granted THEN k.channel = a.channel AND k.occurred_at <= %(now)s
            ELSE k.channel IN (a.channel, '*') AND k.occurred_at <= %(until)s
        END
),
permission AS MATERIALIZED (
    SELECT
        person, channel, purpose, max(withdrawn_at) AS withdrawn_at, bool_or(holds) AS granted,
        min(occurred_at) FILTER (WHERE holds) AS granted_at,
        max(occurred_at) FILTER (WHERE granted AND how <> 'import') AS renewed_at,
        (array_agg(how ORDER BY occurred_at, how) FILTER (WHERE holds))[1] AS granted_how,
        (array_agg(how ORDER BY occurred_at DESC, how) FILTER (WHERE NOT granted))[1] AS withdrawn_how
    FROM (
        SELECT *, granted AND (withdrawn_at IS NULL OR (how <> 'import' AND occurred_at > withdrawn_at)) AS holds FROM said
    ) judged
    GROUP BY person, channel, purpose
)

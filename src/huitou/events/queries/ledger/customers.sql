-- Today's people (roots): since when, what they told of themselves last, the address each kind of message goes to (the
-- one delivery takes: the identifier told last), of how many customers they are made, and whether anything names them
-- but a browser or device (`named`).
WITH node AS (
    SELECT id, created_at, coalesce(merged_into, id) AS root FROM customer
),
said AS (
    SELECT DISTINCT ON (node.root, trait.key) node.root, trait.key, trait.value ->> 1 AS value
    FROM profile
    JOIN node ON node.id = profile.customer
    CROSS JOIN LATERAL jsonb_each(profile.traits) AS trait
    WHERE trait.key IN ('name', 'city', 'timezone', 'language', 'birthday')
    ORDER BY node.root, trait.key, trait.value DESC
),
told AS (
    SELECT root,
        max(value) FILTER (WHERE key = 'name') AS name,
        max(value) FILTER (WHERE key = 'city') AS city,
        max(value) FILTER (WHERE key = 'timezone') AS timezone,
        max(value) FILTER (WHERE key = 'language') AS language,
        max(value) FILTER (WHERE key = 'birthday') AS birthday
    FROM said
    GROUP BY root
),
address AS (
    SELECT DISTINCT ON (node.root, identifier.kind) node.root, identifier.kind, identifier.value
    FROM identifier
    JOIN node ON node.id = identifier.customer
    WHERE identifier.kind IN ('email', 'phone')
    ORDER BY node.root, identifier.kind, identifier.created_at DESC, identifier.value
),
reach AS (
    SELECT root,
        max(value) FILTER (WHERE kind = 'email') AS email,
        max(value) FILTER (WHERE kind = 'phone') AS phone
    FROM address
    GROUP BY root
),
named AS (
    SELECT DISTINCT node.root
    FROM identifier
    JOIN node ON node.id = identifier.customer
    WHERE split_part(identifier.kind, ':', 1) NOT IN ('anonymous_id', 'device', 'push_token')
),
person AS (
    SELECT root, min(created_at) AS created_at, count(*) AS identities FROM node GROUP BY root
)
SELECT person.root, person.created_at, told.name, reach.email, reach.phone, told.city, told.timezone, told.language,
    told.birthday, person.identities, named.root IS NOT NULL AS named
FROM person
LEFT JOIN named ON named.root = person.root
LEFT JOIN told ON told.root = person.root
LEFT JOIN reach ON reach.root = person.root
ORDER BY person.root

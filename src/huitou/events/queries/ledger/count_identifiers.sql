-- How many identifiers of each kind these roots' people have.
SELECT member.root, identifier.kind, count(*)
FROM (
    SELECT id, id AS root FROM customer WHERE id = ANY(%(roots)s)
    UNION ALL
    SELECT id, merged_into AS root FROM customer WHERE merged_into = ANY(%(roots)s)
) AS member
JOIN identifier ON identifier.customer = member.id
GROUP BY member.root, identifier.kind

-- Today's customers that one of these identifiers points to, whatever its kind. Few: people rarely share a value.
SELECT DISTINCT coalesce(c.merged_into, c.id)
FROM identifier AS i
JOIN customer AS c ON c.id = i.customer
WHERE i.kind = ANY(%(kinds)s) AND i.value = ANY(%(values)s)
ORDER BY 1

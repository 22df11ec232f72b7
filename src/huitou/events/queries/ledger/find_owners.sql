-- Who has these identifiers: the node, when it was made, its root and when that was made.
SELECT identifier.kind, identifier.value, node.id, node.created_at, root.id, root.created_at
FROM unnest(%(kinds)b::text[], %(values)b::text[]) AS asked (kind, value)
JOIN identifier ON identifier.kind = asked.kind AND identifier.value = asked.value
JOIN customer AS node ON node.id = identifier.customer
JOIN customer AS root ON root.id = coalesce(node.merged_into, node.id)

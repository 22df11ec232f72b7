-- These customers, when they were made, their roots and when those were made.
SELECT node.id, node.created_at, root.id, root.created_at
FROM customer AS node
JOIN customer AS root ON root.id = coalesce(node.merged_into, node.id)
WHERE node.id = ANY(%(ids)s)

-- The identity nodes by which the wanted people are drawn for the holdout: those that drew before, of people merged since
-- all of theirs; people nobody decided for yet draw once, by their root, however many nodes were joined to it.
WITH node AS (
    SELECT n.id AS node, w.id AS customer FROM wanted_person w JOIN customer n ON n.id = w.id
    UNION ALL
    SELECT n.id AS node, w.id AS customer FROM wanted_person w JOIN customer n ON n.merged_into = w.id
),
drawn AS (
    SELECT node.node, node.customer FROM node JOIN drawn_node d ON d.node = node.node
)
SELECT node, customer FROM drawn
UNION ALL
SELECT w.id AS node, w.id AS customer
FROM wanted_person w
JOIN customer n ON n.id = w.id
WHERE NOT EXISTS (SELECT FROM drawn WHERE drawn.customer = w.id)

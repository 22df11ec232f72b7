-- Which kinds of identifier the wanted people have: a message needs the kind of its channel.
WITH node AS (
    SELECT n.id AS node, w.id AS customer FROM wanted_person w JOIN customer n ON n.id = w.id
    UNION ALL
    SELECT n.id AS node, w.id AS customer FROM wanted_person w JOIN customer n ON n.merged_into = w.id
)
SELECT DISTINCT node.customer, i.kind FROM node JOIN identifier i ON i.customer = node.node

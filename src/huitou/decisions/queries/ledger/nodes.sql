-- Every identity node of the wanted people: the root itself and all that were joined to it.
SELECT n.id AS node, w.id AS customer FROM wanted_person w JOIN customer n ON n.id = w.id
UNION ALL
SELECT n.id AS node, w.id AS customer FROM wanted_person w JOIN customer n ON n.merged_into = w.id

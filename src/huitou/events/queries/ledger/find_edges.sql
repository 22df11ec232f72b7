-- Every edge among these nodes: made, refused or undone.
SELECT absorbed, survivor, kind, value
FROM merge
WHERE absorbed = ANY(%(nodes)s) AND survivor = ANY(%(nodes)s)

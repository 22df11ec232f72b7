-- On which channels each person has an address: the kind of identifier that the channel writes to, of
-- whichever app.
SELECT DISTINCT coalesce(c.merged_into, c.id) AS customer, k.channel
FROM unnest(%(kinds)b::text[], %(channels)b::text[]) AS k (kind, channel)
JOIN identifier AS i ON split_part(i.kind, ':', 1) = k.kind
JOIN customer AS c ON c.id = i.customer
ORDER BY 1, 2

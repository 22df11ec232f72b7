-- Of the wanted people: the last order that was not cancelled, the last unfollowing that was not taken back, the last
-- complaint, as of a moment.
WITH people AS MATERIALIZED (
    SELECT w.id AS person, n.id AS customer FROM wanted_person w JOIN customer n ON n.id = w.id
    UNION ALL
    SELECT w.id AS person, n.id AS customer FROM wanted_person w JOIN customer n ON n.merged_into = w.id
),
{standing}
SELECT s.person AS customer, last.kind, last.occurred_at
FROM standing s
CROSS JOIN LATERAL (
    VALUES ('order', s.ordered_at), ('unfollow', s.unfollowed_at), ('complaint', s.complained_at)
) AS last (kind, occurred_at)
WHERE last.occurred_at IS NOT NULL

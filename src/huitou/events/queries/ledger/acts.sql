-- What operators said of broadcasts up to a moment, in the order in which they said it.
SELECT name, broadcast, other, is_room, title, started_at, ended_at, operator, cancelled, id, occurred_at
FROM broadcast_act
WHERE occurred_at <= %(until)s
ORDER BY id

-- Keep what an operator said of a broadcast.
INSERT INTO broadcast_act
    (name, broadcast, other, is_room, title, started_at, ended_at, operator, cancelled, occurred_at)
VALUES (
    %(name)s, %(broadcast)s, %(other)s, %(is_room)s, %(title)s, %(started_at)s, %(ended_at)s, %(by)s, %(cancelled)s,
    %(occurred_at)s
)

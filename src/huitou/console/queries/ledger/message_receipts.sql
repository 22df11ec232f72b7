-- What became of one message, in the order in which it happened.
SELECT kind, detail, occurred_at FROM receipt WHERE message = %(message)s ORDER BY occurred_at, kind, detail

-- What a channel said of messages in doubt: it has them, or it does not (then they are free again).
UPDATE message
SET
    state = CASE WHEN id = ANY (%(there)s) THEN 'submitted' ELSE 'planned' END,
    submitted_at = CASE WHEN id = ANY (%(there)s) THEN final_at END,
    resolved_at = CASE WHEN id = ANY (%(there)s) THEN %(now)s::bigint END,
    final_at = CASE WHEN id = ANY (%(there)s) THEN final_at END,
    reason = 'looked_up'
WHERE state = 'in_doubt' AND (id = ANY (%(there)s) OR id = ANY (%(gone)s))

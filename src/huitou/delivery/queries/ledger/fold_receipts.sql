-- Receipts of messages that went out: kept once each, and the message's state moved forward, never back, to the
-- furthest any of them says. So their order, repetition and batching do not matter.
WITH told AS (
    SELECT DISTINCT t.message, t.kind, t.detail, t.occurred_at
    FROM unnest(%(messages)b::text[], %(kinds)b::text[], %(details)b::text[], %(moments)s::bigint[])
        AS t (message, kind, detail, occurred_at)
    JOIN message m ON m.id = t.message AND m.final_at IS NOT NULL
),
kept AS (
    INSERT INTO receipt (message, kind, detail, occurred_at)
    SELECT message, kind, detail, occurred_at FROM told
    ON CONFLICT DO NOTHING
),
furthest AS (
    SELECT message, max(array_position(%(ladder)s::text[], kind)) AS rung, min(occurred_at) AS first_at
    FROM (SELECT message, CASE kind WHEN 'bounced' THEN 'failed' ELSE kind END AS kind, occurred_at FROM told) AS said
    WHERE kind = ANY (%(ladder)s)
    GROUP BY message
)
UPDATE message m
SET
    state = (%(ladder)s::text[])[f.rung],
    reason = CASE WHEN (%(ladder)s::text[])[f.rung] = 'failed' THEN 'bounced' ELSE '' END,
    submitted_at = coalesce(m.submitted_at, f.first_at),
    resolved_at = CASE WHEN m.state IN ('in_doubt', 'unknown') THEN %(now)s::bigint ELSE m.resolved_at END
FROM furthest f
WHERE m.id = f.message
    AND f.rung > coalesce(array_position(%(ladder)s::text[], m.state), 0)
    AND m.state = ANY (%(sent)s)

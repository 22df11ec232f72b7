-- What became of messages that were handed over, or could not be. Only the claim that still holds the fence writes;
-- a late but certain outcome also settles what recovery had put in doubt.
UPDATE message m
SET
    state = o.state,
    reason = o.reason,
    provider_id = o.provider_id,
    submitted_at = CASE WHEN o.state = 'submitted' THEN o.happened_at ELSE m.submitted_at END,
    resolved_at = CASE WHEN o.state = 'failed' THEN o.happened_at END,
    send_at = CASE WHEN o.state IN ('retry', 'planned') THEN o.send_at ELSE m.send_at END,
    attempts = m.attempts + o.attempt,
    final_at = CASE WHEN o.state IN ('retry', 'planned') THEN NULL ELSE m.final_at END,
    address = CASE WHEN o.state IN ('retry', 'planned') THEN '' ELSE m.address END,
    lease_until = o.happened_at
FROM unnest(
    %(ids)b::text[], %(fences)s::bigint[], %(states)b::text[], %(reasons)b::text[], %(provider_ids)b::text[],
    %(moments)s::bigint[], %(send_at)s::bigint[], %(attempts)s::integer[]
) AS o (id, fence, state, reason, provider_id, happened_at, send_at, attempt)
WHERE m.id = o.id AND m.fence = o.fence AND m.state IN ('claimed', 'final', 'in_doubt', 'unknown')

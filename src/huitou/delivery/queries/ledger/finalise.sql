-- Promise 3. For each claimed message of the group, under its customer's lock: may it still go? Writes the verdict.
-- '' is yes. 'lost': another sender has it. 'moved': the person or the address changed, ask again. 'again': another
-- message of the same person is in this group. Everything else is the first reason that applies.
WITH asked AS MATERIALIZED (
    SELECT *
    FROM unnest(
        %(ids)b::text[], %(fences)s::bigint[], %(roots)b::text[], %(nodes)s::bigint[], %(addresses)b::text[], %(kinds)b::text[],
        %(quiet_until)s::bigint[], %(offers_end)s::bigint[], %(holdouts)s::boolean[], %(has_channel)s::boolean[]
    ) WITH ORDINALITY AS a (id, fence, root, nodes, address, kind, quiet_until, offer_ends, holdout, has_channel, place)
),
held AS MATERIALIZED (
    SELECT
        a.*, m.customer, m.campaign, m.occurrence, m.step, m.channel, m.purpose, m.stop_since, m.expires_at, m.created_at,
        coalesce(c.merged_into, m.customer) AS person
    FROM asked a
    -- The state is hidden from the planner: found by id eight rows are read, by the index on open claims all of them.
    JOIN message m ON m.id = a.id AND m.fence = a.fence AND m.state || '' = 'claimed'
    LEFT JOIN customer c ON c.id = m.customer
),
people AS MATERIALIZED (
    SELECT DISTINCT person, person AS customer FROM held
    UNION
    SELECT h.person, n.id FROM held h JOIN customer n ON n.merged_into = h.person
),
{stopped},
addressed AS MATERIALIZED (
    SELECT
        h.*,
        coalesce((
            SELECT i.value
            FROM people p
            JOIN identifier i ON i.customer = p.customer AND i.kind = h.kind
            WHERE p.person = h.person
                AND NOT EXISTS (SELECT FROM dead_address d WHERE d.channel = h.channel AND d.address = i.value)
            ORDER BY i.created_at DESC, i.value
            LIMIT 1
        ), '') AS best_address
    FROM held h
),
-- Sent is what went to the person, and what went to the address on this channel, by us or (`contact`) by another tool, service messages apart: after an undone merge somebody else's
-- message lies in the same mailbox.
facts AS MATERIALIZED (
    SELECT
        h.*, s.reason AS stopped,
        (
            SELECT coalesce(array_agg(p.customer ORDER BY p.customer), '{}')
            FROM people p
            JOIN drawn_node d ON d.node = p.customer
            WHERE p.person = h.person
        ) AS node_ids,
        (
            SELECT c.state FROM campaign c WHERE c.name = h.campaign ORDER BY c.version DESC LIMIT 1
        ) AS campaign_state,
        -- What was in flight when the operator cancelled, and came back, goes no more.
        EXISTS (
            SELECT
            FROM cancellation x
            WHERE x.campaign = h.campaign AND x.occurrence = h.occurrence AND x.at >= h.created_at
        ) AS cancelled,
        -- When the last of the caps that are full has room again; 0 where all have. A cap of most messages in a span is
        -- full while the most-th newest of the messages sent is younger than the span.
        coalesce((
            SELECT max(oldest.final_at + cap.span)
            FROM unnest(%(cap_places)s::bigint[], %(cap_spans)s::bigint[], %(cap_most)s::integer[])
                AS cap (place, span, most)
            CROSS JOIN LATERAL (
                SELECT sent.final_at
                FROM (
                    SELECT o.id, o.final_at
                    FROM people p
                    JOIN message o ON o.customer = p.customer AND o.final_at > %(now)s - cap.span
                    WHERE p.person = h.person AND o.state = ANY (%(counted)s) AND o.purpose <> 'service'
                    UNION
                    SELECT o.id, o.final_at
                    FROM message o
                    WHERE o.channel = h.channel AND o.address = h.best_address AND o.address <> ''
                        AND o.final_at > %(now)s - cap.span AND o.state = ANY (%(counted)s)
                        AND o.purpose <> 'service'
                    UNION
                    SELECT 'other ' || k.id, k.occurred_at
                    FROM people p
                    JOIN contact k ON k.customer = p.customer AND k.occurred_at > %(now)s - cap.span
                    WHERE p.person = h.person AND NOT EXISTS (SELECT FROM message o WHERE o.id = k.message)
                    UNION
                    SELECT 'other ' || k.id, k.occurred_at
                    FROM contact k
                    WHERE k.channel = h.channel AND k.address = h.best_address AND k.address <> ''
                        AND k.occurred_at > %(now)s - cap.span
                        AND NOT EXISTS (SELECT FROM message o WHERE o.id = k.message)
                ) sent
                ORDER BY sent.final_at DESC
                OFFSET cap.most - 1
                LIMIT 1
            ) oldest
            WHERE cap.place = h.place
        ), 0) AS capped_until,
        EXISTS (
            SELECT
            FROM people p
            JOIN message o ON o.customer = p.customer AND o.campaign = h.campaign AND o.occurrence = h.occurrence
                AND o.step = h.step AND o.id <> h.id
            WHERE p.person = h.person AND o.state = ANY (%(counted)s)
            UNION ALL
            SELECT
            FROM message o
            WHERE o.channel = h.channel AND o.address = h.best_address AND o.address <> ''
                AND o.campaign = h.campaign AND o.occurrence = h.occurrence AND o.step = h.step AND o.id <> h.id
                AND o.state = ANY (%(counted)s)
        ) AS sent_already
    FROM addressed h
    JOIN stopped s ON s.id = h.id
),
reasons AS MATERIALIZED (
    SELECT
        f.*,
        CASE
            WHEN f.person <> f.root OR cardinality(f.node_ids) <> f.nodes THEN 'moved'
            WHEN f.holdout THEN 'holdout'
            WHEN f.sent_already THEN 'duplicate'
            WHEN f.stopped IS NOT NULL THEN f.stopped
            WHEN f.cancelled THEN 'cancelled'
            WHEN f.campaign_state = 'ended' THEN 'campaign_ended'
            WHEN f.campaign_state = 'paused' AND f.expires_at > %(now)s THEN 'campaign_paused'
            WHEN f.capped_until > %(now)s AND f.capped_until <= least(%(now)s + %(patience)s, f.expires_at - 1) THEN 'cap_soon'
            WHEN f.capped_until > %(now)s THEN 'cap'
            WHEN f.quiet_until > %(now)s AND f.quiet_until < f.expires_at THEN 'quiet_hours'
            WHEN f.offer_ends <= %(now)s THEN 'offer_expired'
            WHEN f.expires_at <= %(now)s OR f.quiet_until >= f.expires_at THEN 'expired'
            WHEN f.best_address = '' THEN 'no_address'
            WHEN NOT f.has_channel THEN 'no_channel'
            WHEN f.best_address <> f.address THEN 'moved'
            ELSE ''
        END AS reason
    FROM facts f
),
verdicts AS MATERIALIZED (
    SELECT
        r.*,
        CASE
            WHEN r.reason = '' AND row_number() OVER (PARTITION BY r.person, r.reason ORDER BY r.place) > 1 THEN 'again'
            ELSE r.reason
        END AS verdict
    FROM reasons r
),
written AS (
    UPDATE message m
    SET
        state = CASE
            WHEN v.verdict = '' THEN 'final'
            WHEN v.verdict IN ('quiet_hours', 'cap_soon', 'campaign_paused') THEN 'planned'
            WHEN v.verdict = 'expired' THEN 'expired'
            ELSE 'suppressed'
        END,
        reason = v.verdict,
        address = CASE WHEN v.verdict = '' THEN v.address ELSE m.address END,
        final_at = CASE WHEN v.verdict = '' THEN %(now)s END,
        send_at = CASE v.verdict WHEN 'quiet_hours' THEN v.quiet_until WHEN 'cap_soon' THEN v.capped_until ELSE m.send_at END,
        attempts = m.attempts + CASE WHEN v.verdict = '' THEN 1 ELSE 0 END,
        lease_until = %(now)s + %(lease)s,
        resolved_at = CASE WHEN v.verdict IN ('', 'quiet_hours', 'cap_soon', 'campaign_paused') THEN NULL ELSE %(now)s END
    FROM verdicts v
    WHERE m.id = v.id AND m.fence = v.fence AND m.state || '' = 'claimed' AND v.verdict NOT IN ('moved', 'again')
    RETURNING m.id
)
SELECT
    a.id,
    CASE
        WHEN v.verdict IN ('moved', 'again') THEN v.verdict
        WHEN w.id IS NULL THEN 'lost'
        ELSE v.verdict
    END AS verdict,
    coalesce(v.person, a.root) AS root,
    coalesce(v.best_address, '') AS address,
    coalesce(v.node_ids, '{}') AS nodes
FROM asked a
LEFT JOIN verdicts v ON v.id = a.id
LEFT JOIN written w ON w.id = a.id
ORDER BY a.place

-- Messages of every broadcast and campaign by state and reason, with what they cost and when the next is due.
SELECT occurrence, campaign, channel, state, reason, count(*) AS messages, sum(cost_micro)::bigint AS cost_micro,
    min(send_at) FILTER (WHERE state IN ('planned', 'retry')) AS next_at,
    max(final_at) AS last_at
FROM message
WHERE %(occurrence)b::text[] IS NULL OR occurrence = ANY (%(occurrence)b::text[])
GROUP BY occurrence, campaign, channel, state, reason
ORDER BY occurrence, campaign, channel, state, reason

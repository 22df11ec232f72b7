-- Part of finalise.sql and cancel_stopped.sql: which of a person's words or acts stops a message, the weightiest first.
-- They bring `held` (id, person, channel, purpose, stop_since) and `people` (person, customer); `reason` is null where none does.
-- A service message (of an order, of points) asks for no consent and is not about buying: only leaving service messages on
-- the channel stops it, and a complaint, for who reported us wants no message of any kind until somebody has spoken to them.
asked_of AS MATERIALIZED (
    SELECT DISTINCT person, channel, purpose FROM held
),
{permission},
{standing},
stopped AS MATERIALIZED (
    SELECT
        h.id,
        CASE
            WHEN s.ordered_at >= h.stop_since AND h.purpose <> 'service' THEN 'ordered'
            WHEN NOT r.granted THEN 'opted_out'
            WHEN r.granted IS NULL AND h.purpose <> 'service' THEN 'no_consent'
            WHEN s.unfollowed_at >= h.stop_since AND h.purpose <> 'service' THEN 'unfollowed'
            WHEN s.complained_at IS NOT NULL THEN 'complained'
        END AS reason
    FROM held h
    LEFT JOIN standing s ON s.person = h.person
    LEFT JOIN permission r ON r.person = h.person AND r.channel = h.channel AND r.purpose = h.purpose
)

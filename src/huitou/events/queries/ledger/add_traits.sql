-- What people said of themselves. Per trait the greater [occurred_at, value] wins, whatever comes first.
INSERT INTO profile (customer, traits)
SELECT latest.customer, jsonb_object_agg(latest.trait, latest.said)
FROM (
    SELECT DISTINCT ON (told.customer, trait.key)
        told.customer, trait.key AS trait, jsonb_build_array(told.occurred_at, trait.value) AS said
    FROM unnest(%(customer)b::text[], %(occurred_at)s::bigint[], %(traits)b::text[]) AS told (customer, occurred_at, traits),
        jsonb_each(told.traits::jsonb) AS trait
    ORDER BY told.customer, trait.key, jsonb_build_array(told.occurred_at, trait.value) DESC
) AS latest
GROUP BY latest.customer
ORDER BY latest.customer
ON CONFLICT (customer) DO UPDATE SET traits = (
    SELECT jsonb_object_agg(coalesce(old.key, new.key), greatest(old.value, new.value))
    FROM jsonb_each(profile.traits) AS old FULL JOIN jsonb_each(excluded.traits) AS new ON new.key = old.key
)

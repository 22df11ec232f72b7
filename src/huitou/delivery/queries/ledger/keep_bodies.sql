-- What the customers will see and where their links lead; rendered again, it is replaced.
WITH kept AS (
    INSERT INTO link (token, message, target, product)
    SELECT * FROM unnest(%(tokens)b::text[], %(owners)b::text[], %(targets)b::text[], %(products)b::text[])
    ON CONFLICT (token) DO UPDATE SET target = excluded.target, product = excluded.product
)
INSERT INTO message_body (message, body)
SELECT * FROM unnest(%(messages)b::text[], %(bodies)b::bytea[])
ON CONFLICT (message) DO UPDATE SET body = excluded.body

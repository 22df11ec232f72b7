-- The version in force.
SELECT version, body, state FROM campaign WHERE name = %(name)s ORDER BY version DESC LIMIT 1

-- One version, whether in force or not.
SELECT version, body, state FROM campaign WHERE name = %(name)s AND version = %(version)s

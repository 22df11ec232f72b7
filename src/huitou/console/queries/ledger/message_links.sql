-- Where one message's tracked links lead.
SELECT token, target, product FROM link WHERE message = %(message)s ORDER BY target, token

-- Messages that a server has put off again and again (greylisting answers at the second try).
SELECT count(*) AS messages, (array_agg(reason ORDER BY send_at DESC))[1] AS reason
FROM message
WHERE state = 'retry' AND attempts >= %(tries)s AND (%(occurrence)s::text IS NULL OR occurrence = %(occurrence)s)

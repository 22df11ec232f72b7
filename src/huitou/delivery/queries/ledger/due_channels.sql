-- Channels that have something to send at this moment.
SELECT DISTINCT channel FROM message WHERE state IN ('planned', 'retry') AND send_at <= %(now)s ORDER BY channel

-- Campaigns whose newest version is paused: their messages wait.
SELECT name
FROM (SELECT DISTINCT ON (name) name, state FROM campaign ORDER BY name, version DESC) AS newest
WHERE state = 'paused'

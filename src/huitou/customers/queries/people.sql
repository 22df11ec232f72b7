-- The people whose orders matter to the wanted broadcasts. Reads visitors.
SELECT DISTINCT customer FROM visitors

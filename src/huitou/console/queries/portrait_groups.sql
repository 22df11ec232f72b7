-- How many customers stand in each RFM cell and life stage. Reads portraits.
SELECT rfm, rfm_grade, lifecycle, count(*) AS customers, CAST(sum(spent_minor) AS BIGINT) AS spent_minor
FROM portraits
GROUP BY rfm, rfm_grade, lifecycle
ORDER BY rfm, lifecycle

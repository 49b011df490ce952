-- What is known of each plane from the register. The column before event_timestamp is the join key.
-- The register has no dates: a plane's row counts from the midnight in New York before its first scheduled departure, when its place in the schedule was known.
SELECT tailnum,
  first_day::timestamp AT TIME ZONE 'America/New_York' AS event_timestamp,
  first_day::timestamp AT TIME ZONE 'America/New_York' AS created_timestamp,
  year::bigint AS year,
  seats::bigint AS seats,
  engines::bigint AS engines
FROM raw_data.planes
JOIN (SELECT tailnum, min(flight_date) AS first_day FROM raw_data.flights GROUP BY tailnum) AS flown USING (tailnum)
ORDER BY tailnum

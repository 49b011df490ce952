-- What is known of each plane from the register. The column before event_timestamp is the join key.
-- The register has no dates: a plane's row counts from the midnight in New York before its first scheduled departure, when its place in the schedule was known.
SELECT p.tailnum,
  {{ instant_at('flown.first_day', 'America/New_York') }} AS event_timestamp,
  {{ instant_at('flown.first_day', 'America/New_York') }} AS created_timestamp,
  {{ cast('p.year', type_bigint()) }} AS year,
  {{ cast('p.seats', type_bigint()) }} AS seats,
  {{ cast('p.engines', type_bigint()) }} AS engines
FROM {{ source('raw', 'planes') }} AS p
JOIN (SELECT tailnum, min(flight_date) AS first_day FROM {{ source('raw', 'flights') }} GROUP BY tailnum) AS flown ON flown.tailnum = p.tailnum
ORDER BY p.tailnum

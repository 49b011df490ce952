-- Weather by origin, one row per hour. The columns before event_timestamp are the join key.
-- A record covers an hour and is known at its end. Where the end of daylight saving time, or moving the data to another year, put two records into one hour,
-- the later observation stands.
WITH observations AS (
  SELECT origin, time_hour, temp, humid, wind_speed, wind_gust, precip, pressure, visib,
    row_number() OVER (PARTITION BY origin, time_hour ORDER BY source_time_hour DESC) AS place
  FROM {{ source('raw', 'weather') }}
)
SELECT origin,
  {{ dateadd('hour', 1, 'time_hour') }} AS event_timestamp,
  {{ dateadd('hour', 1, 'time_hour') }} AS created_timestamp,
  temp, humid, wind_speed, wind_gust, precip, pressure, visib
FROM observations
WHERE place = 1
ORDER BY origin, time_hour

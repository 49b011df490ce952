-- Weather by origin, one row per hour. The columns before event_timestamp are the join key.
-- A record covers an hour and is known at its end. Where the end of daylight saving time, or moving the data to another year, put two records into one hour,
-- the later observation stands.
SELECT DISTINCT ON (origin, time_hour)
  origin,
  time_hour + interval '1 hour' AS event_timestamp,
  time_hour + interval '1 hour' AS created_timestamp,
  temp, humid, wind_speed, wind_gust, precip, pressure, visib
FROM raw_data.weather
ORDER BY origin, time_hour, source_time_hour DESC

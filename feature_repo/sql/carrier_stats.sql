-- Punctuality of each carrier at each origin over seven days, one row per midnight in New York. The columns before event_timestamp are the join keys.
-- A row at midnight d speaks of the flights that arrived in (d - 7 days, d], all of them known at d. A flight without an arrival (cancelled, diverted) never counts.
-- The midnight after the last flight has left the seven days gets a row too, with 0 flights, so that a carrier at an origin at rest does not keep its old figures.
-- The first seven midnights have no row: their seven days begin before the data do.
WITH days AS (
  SELECT min(flight_date) + 7 AS first_midnight, max(flight_date) + 1 AS last_midnight FROM {{ source('raw', 'flights') }}
), arrivals AS (
  SELECT carrier, origin, dep_delay, arr_delay,
    -- the first midnight at or after the arrival; its own day when it arrived at midnight sharp
    {{ cast(at_time_zone(dateadd('microsecond', -1, 'arrival_timestamp'), 'America/New_York'), type_date()) }} + 1 AS midnight
  FROM {{ source('raw', 'flights') }}
  WHERE arrival_timestamp IS NOT NULL
), arrived AS (
  SELECT carrier, origin, midnight,
    count(*) AS flights,
    sum(dep_delay) AS delay_minutes,
    sum(CASE WHEN arr_delay > 15 THEN 1 ELSE 0 END) AS late_flights
  FROM arrivals
  GROUP BY carrier, origin, midnight
), changes AS (
  -- what enters the seven days at a midnight, and what leaves them
  SELECT carrier, origin, midnight, flights, delay_minutes, late_flights FROM arrived
  UNION ALL
  SELECT carrier, origin, midnight + 7 AS midnight, -flights AS flights, -delay_minutes AS delay_minutes, -late_flights AS late_flights FROM arrived
), change_by_day AS (
  SELECT carrier, origin, midnight, sum(flights) AS flights, sum(delay_minutes) AS delay_minutes, sum(late_flights) AS late_flights
  FROM changes
  GROUP BY carrier, origin, midnight
), windows AS (
  SELECT carrier, origin, midnight,
    {{ cast('sum(flights) OVER (PARTITION BY carrier, origin ORDER BY midnight)', type_bigint()) }} AS flights,
    {{ cast('sum(delay_minutes) OVER (PARTITION BY carrier, origin ORDER BY midnight)', type_bigint()) }} AS delay_minutes,
    {{ cast('sum(late_flights) OVER (PARTITION BY carrier, origin ORDER BY midnight)', type_bigint()) }} AS late_flights,
    lead(midnight) OVER (PARTITION BY carrier, origin ORDER BY midnight) AS next_change
  FROM change_by_day
), lasting AS (
  -- the figures hold until the next change; those of a carrier at rest are said once
  SELECT carrier, origin, midnight, flights, delay_minutes, late_flights,
    CASE WHEN flights = 0 THEN 0 ELSE {{ datediff(instant_at('midnight', 'UTC'), instant_at('next_change', 'UTC'), 'day') }} - 1 END AS days_more
  FROM windows
), figures AS (
  SELECT carrier, origin, midnight + {{ cast('days_later', type_int()) }} AS midnight, flights, delay_minutes, late_flights
  FROM lasting CROSS JOIN {{ whole_numbers('0', 'days_more') }} AS days_later
)
SELECT carrier, origin,
  {{ instant_at('midnight', 'America/New_York') }} AS event_timestamp,
  {{ instant_at('midnight', 'America/New_York') }} AS created_timestamp,
  flights AS carrier_flights_7d,
  {{ cast('delay_minutes', type_float()) }} / nullif(flights, 0) AS carrier_mean_dep_delay_7d,
  {{ cast('late_flights', type_float()) }} / nullif(flights, 0) AS carrier_share_late_7d
FROM figures CROSS JOIN days
WHERE midnight BETWEEN first_midnight AND last_midnight
ORDER BY carrier, origin, midnight

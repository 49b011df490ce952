-- Punctuality of each carrier at each origin over seven days, one row per midnight in New York. The columns before event_timestamp are the join keys.
-- A row at midnight d speaks of the flights that arrived in (d - 7 days, d], all of them known at d. A flight without an arrival (cancelled, diverted) never counts.
-- The midnight after the last flight has left the seven days gets a row too, with 0 flights, so that a carrier at an origin at rest does not keep its old figures.
-- The first seven midnights have no row: their seven days begin before the data do.
WITH days AS (
  SELECT min(flight_date) + 7 AS first_midnight, max(flight_date) + 1 AS last_midnight FROM raw_data.flights
), arrived AS (
  SELECT carrier, origin,
    -- the first midnight at or after the arrival; its own day when it arrived at midnight sharp
    ((arrival_timestamp AT TIME ZONE 'America/New_York') - interval '1 microsecond')::date + 1 AS midnight,
    count(*) AS flights,
    sum(dep_delay) AS delay_minutes,
    count(*) FILTER (WHERE arr_delay > 15) AS late_flights
  FROM raw_data.flights
  WHERE arrival_timestamp IS NOT NULL
  GROUP BY carrier, origin, midnight
), changes AS (
  -- what enters the seven days at a midnight, and what leaves them
  SELECT carrier, origin, midnight, flights, delay_minutes, late_flights FROM arrived
  UNION ALL
  SELECT carrier, origin, midnight + 7, -flights, -delay_minutes, -late_flights FROM arrived
), windows AS (
  SELECT carrier, origin, midnight,
    (sum(sum(flights)) OVER so_far)::bigint AS flights,
    (sum(sum(delay_minutes)) OVER so_far)::bigint AS delay_minutes,
    (sum(sum(late_flights)) OVER so_far)::bigint AS late_flights,
    lead(midnight) OVER so_far AS next_change
  FROM changes
  GROUP BY carrier, origin, midnight
  WINDOW so_far AS (PARTITION BY carrier, origin ORDER BY midnight)
)
SELECT carrier, origin,
  (midnight + after)::timestamp AT TIME ZONE 'America/New_York' AS event_timestamp,
  (midnight + after)::timestamp AT TIME ZONE 'America/New_York' AS created_timestamp,
  flights AS carrier_flights_7d,
  delay_minutes::float8 / nullif(flights, 0) AS carrier_mean_dep_delay_7d,
  late_flights::float8 / nullif(flights, 0) AS carrier_share_late_7d
FROM windows CROSS JOIN days
-- the figures hold until the next change; those of a carrier at rest are said once
CROSS JOIN LATERAL generate_series(0, CASE WHEN flights = 0 THEN 0 ELSE next_change - midnight - 1 END) AS after
WHERE midnight + after BETWEEN first_midnight AND last_midnight
ORDER BY carrier, origin, midnight + after

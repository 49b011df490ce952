import { GREATEST_GROUND_MINUTES } from './load-options.ts';

/**
 * How each table of `raw_data` is made from the temporary tables of staging.ts. `$1` is the shift in weeks.
 *
 * In the source every time is a wall-clock time: departures are New York's, arrivals are the destination's. The shift is added to New York's wall clock, which
 * becomes an instant afterwards. An arrival is placed by the minutes that truly passed between scheduled departure and arrival, taken before the shift: so a
 * flight keeps its length, also where the two zones' daylight saving time differs between the old day and the new one.
 */
export const RAW_TABLES = {
  airlines: 'SELECT carrier, name FROM airlines_csv ORDER BY carrier',
  airports: 'SELECT faa, name, lat, lon, alt, tz, dst, tzone FROM airports_csv ORDER BY faa',
  planes: 'SELECT tailnum, year, type, manufacturer, model, engines, seats, speed, engine FROM planes_csv ORDER BY tailnum',
  weather: `
    WITH shifted AS (
      SELECT w.*, (time_hour AT TIME ZONE 'America/New_York') + make_interval(weeks => $1::int) AS wall_clock FROM weather_csv w
    )
    SELECT origin, extract(year FROM wall_clock)::int AS year, extract(month FROM wall_clock)::int AS month, extract(day FROM wall_clock)::int AS day,
      extract(hour FROM wall_clock)::int AS hour, temp, dewp, humid, wind_dir, wind_speed, wind_gust, precip, pressure, visib,
      wall_clock AT TIME ZONE 'America/New_York' AS time_hour, time_hour AS source_time_hour
    FROM shifted ORDER BY wall_clock, source_time_hour, origin`,
  flights: `
    WITH departures AS (
      SELECT f.*, departs, zone, departs AT TIME ZONE 'America/New_York' AS departs_at,
        departs + make_interval(weeks => $1::int) AS shifted
      FROM flights_csv f
      LEFT JOIN airports_csv a ON a.faa = f.dest
      -- Airports of the Caribbean that airports.csv leaves out: Aguadilla, Ponce, San Juan and Saint Thomas share one time, without daylight saving.
      LEFT JOIN (VALUES ('BQN'), ('PSE'), ('SJU'), ('STT')) AS caribbean (faa) ON caribbean.faa = f.dest
      CROSS JOIN LATERAL (SELECT
        make_timestamp(f.year, f.month, f.day, f.sched_dep_time / 100, f.sched_dep_time % 100, 0) AS departs,
        coalesce(a.tzone, CASE WHEN caribbean.faa IS NOT NULL THEN 'America/Puerto_Rico' END) AS zone) AS place
    ), arrivals AS (
      -- The scheduled arrival is the first time after departure at which the destination's clocks show sched_arr_time.
      SELECT d.*, CASE WHEN today AT TIME ZONE zone > departs_at THEN today AT TIME ZONE zone ELSE (today + interval '1 day') AT TIME ZONE zone END AS arrives_at
      FROM departures d
      CROSS JOIN LATERAL (SELECT date_trunc('day', departs_at AT TIME ZONE zone) + make_interval(hours => sched_arr_time / 100, mins => sched_arr_time % 100) AS today) AS clock
    )
    SELECT shifted::date AS flight_date, extract(year FROM shifted)::int AS year, extract(month FROM shifted)::int AS month, extract(day FROM shifted)::int AS day,
      dep_time, sched_dep_time, dep_delay, arr_time, sched_arr_time, arr_delay, carrier, flight, tailnum, origin, dest, air_time, distance, hour, minute,
      date_trunc('hour', shifted) AT TIME ZONE 'America/New_York' AS time_hour,
      shifted AT TIME ZONE 'America/New_York' AS event_timestamp,
      (shifted AT TIME ZONE 'America/New_York') + (arrives_at - departs_at) + make_interval(mins => arr_delay) AS arrival_timestamp
    FROM arrivals ORDER BY shifted, carrier, flight, origin`,
} as const;

export type RawTable = keyof typeof RAW_TABLES;
export const RAW_TABLE_NAMES = Object.keys(RAW_TABLES) as RawTable[];

/** What the columns mean that are not the source's own. */
export const RAW_COMMENTS = [
  "COMMENT ON COLUMN raw_data.flights.flight_date IS 'Day of the scheduled departure, New York'",
  "COMMENT ON COLUMN raw_data.flights.event_timestamp IS 'Scheduled departure'",
  "COMMENT ON COLUMN raw_data.flights.arrival_timestamp IS 'Arrival; null for a flight that was cancelled or diverted'",
  "COMMENT ON COLUMN raw_data.weather.time_hour IS 'Start of the hour that the record covers'",
  "COMMENT ON COLUMN raw_data.weather.source_time_hour IS 'Start of that hour before the shift: tells apart two hours that the shift made one'",
] as const;

export const RAW_INDEXES = ['CREATE INDEX ON raw_data.flights (event_timestamp)', 'CREATE INDEX ON raw_data.weather (origin, time_hour)'] as const;

/**
 * Counts the flights whose times contradict each other: an arrival that is not placed although the flight has a delay, that leaves less time than the flight
 * was in the air, or far more.
 */
export const CONTRADICTORY_FLIGHTS = `
  SELECT count(*)::int AS flights FROM raw_data.flights
  CROSS JOIN LATERAL (SELECT extract(epoch FROM arrival_timestamp - event_timestamp)::int / 60 - dep_delay - air_time AS ground_minutes) AS check_
  WHERE (arr_delay IS NOT NULL AND arrival_timestamp IS NULL) OR ground_minutes NOT BETWEEN 0 AND ${GREATEST_GROUND_MINUTES}`;

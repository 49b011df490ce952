import { DuckDBInstance } from '@duckdb/node-api';
import type pg from 'pg';

/** 16 features of four views. */
const FEATURES = ['temp', 'humid', 'wind_speed', 'wind_gust', 'precip', 'pressure', 'visib', 'plane_flights_7d', 'plane_mean_dep_delay_7d', 'plane_share_late_7d', 'carrier_flights_7d', 'carrier_mean_dep_delay_7d', 'carrier_share_late_7d', 'year', 'seats', 'engines'];

/** What the rows of a joined table add up to: the number of rows, then of each feature the number of values and their sum. */
export interface FeatureSums {
  readonly rows: number;
  readonly figures: readonly number[];
}

const AGGREGATES = ['count(*)', ...FEATURES.flatMap((name) => [`count(${name})`, `coalesce(sum(CAST(${name} AS double precision)), 0)`])].map((sql, i) => `${sql} AS a${i}`).join(', ');

/** The join as one would write it by hand for these tables: of each view the newest row that is known and not too old. */
export function lateralQuery(spine: string): string {
  const lookup = (name: string, key: string, ttl: string | undefined, features: readonly string[]): string =>
    `LEFT JOIN LATERAL (SELECT ${features.join(', ')} FROM feature_mart.${name} f WHERE ${key} AND f.event_timestamp <= s.event_timestamp${ttl === undefined ? '' : ` AND f.event_timestamp >= s.event_timestamp - interval '${ttl}'`} ORDER BY f.event_timestamp DESC LIMIT 1) ${name} ON true`;
  return [
    `SELECT s.*, ${FEATURES.join(', ')} FROM ${spine} s`,
    lookup('weather', 'f.origin = s.origin', '6 hours', FEATURES.slice(0, 7)),
    lookup('plane_stats', 'f.tailnum = s.tailnum', '30 days', FEATURES.slice(7, 10)),
    lookup('carrier_stats', 'f.carrier = s.carrier AND f.origin = s.origin', '30 days', FEATURES.slice(10, 13)),
    lookup('plane_info', 'f.tailnum = s.tailnum', undefined, FEATURES.slice(13)),
  ].join('\n');
}

export async function sumsOfQuery(client: pg.Client, sql: string): Promise<FeatureSums> {
  const { rows } = await client.query<Record<string, string | number>>(`SELECT ${AGGREGATES} FROM (${sql}) joined`);
  return sumsOf(Object.values(rows[0]!).map(Number));
}

export async function sumsOfParquet(file: string): Promise<FeatureSums> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(`SELECT ${AGGREGATES} FROM read_parquet('${file}')`);
  const [row] = reader.getRows();
  connection.closeSync();
  instance.closeSync();
  return sumsOf(row!.map(Number));
}

function sumsOf([rows, ...figures]: readonly number[]): FeatureSums {
  return { rows: rows!, figures };
}

/** Sums of the same values in another order differ in their last digits. Refuses any other difference: then the ways do not do the same work. */
export function refuseDifference(name: string, { figures }: FeatureSums, expected: FeatureSums): void {
  const differing = figures.flatMap((figure, i) => (Math.abs(figure - expected.figures[i]!) <= 1e-9 * Math.abs(expected.figures[i]!) ? [] : [`${FEATURES[Math.floor(i / 2)]} ${i % 2 === 0 ? 'has so many values' : 'adds up to'}: ${figure} instead of ${expected.figures[i]}`]));
  if (differing.length > 0) throw new Error(`${name} joins other values than the LATERAL query: ${differing.join('; ')}`);
}

import pg from 'pg';
import { defineEntity, defineFeatureView } from '../../domain/features/define.ts';
import { formatInstant, parseInstant } from '../../domain/instant.ts';
import type { FeatureView, TableSource } from '../../domain/features/definitions.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import type { FixtureProject } from './fixture-project.ts';

/** Two tables of a score by customer, filled by the tests themselves, minute by minute. */
export const customer = defineEntity({ name: 'customer', joinKey: 'customer', valueType: 'Int64' });

const ZERO = parseInstant('2013-11-14T12:00:00Z')!;

/** The instant so many minutes after noon. */
export const minute = (minutes: number): string => formatInstant(ZERO + minutes * 60_000_000);

const view = (name: string, source: Partial<TableSource>): FeatureView => ({
  name, entities: ['customer'], features: [{ name: 'score', type: 'Float64' }], ttlSeconds: null, source: { name, table: `feature_mart.${name}`, timestampField: 'event_timestamp', ...source },
});

/** With created timestamps and tombstones. */
export const scores = defineFeatureView({ ...view('scores', { createdTimestampColumn: 'created_timestamp', deletedColumn: 'deleted' }), entities: [customer] });

/** Without created timestamps: rows are up to ten minutes late. */
export const lateScores = defineFeatureView({ ...view('late_scores', { latenessSeconds: 600 }), entities: [customer] });

/** customer, score, minute of the event, minute of its creation, whether it deletes. */
export type Score = readonly [customer: number, score: number | null, event: number, created?: number, deleted?: boolean];

export interface CustomerTables {
  insert(table: 'scores' | 'late_scores', ...rows: readonly Score[]): Promise<void>;
  query(sql: string): Promise<void>;
  /** [score, minute of the event] of each customer, or undefined where the store has nothing. */
  online(table: 'scores' | 'late_scores', ...customers: readonly number[]): Promise<readonly (readonly [unknown, number] | undefined)[]>;
  close(): Promise<void>;
}

export async function createCustomerTables({ databaseUrl, ports }: FixtureProject): Promise<CustomerTables> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  for (const table of ['scores', 'late_scores']) await database.query(`CREATE TABLE feature_mart.${table} (customer int8, score float8, event_timestamp timestamptz, created_timestamp timestamptz, deleted boolean)`);
  await ports.featureRegistry.apply({ entities: [customer], featureViews: [scores, lateScores], featureServices: [] });
  return {
    insert: async (table, ...rows) => {
      for (const [id, score, event, created = event, deleted = false] of rows) await database.query(`INSERT INTO feature_mart.${table} VALUES ($1, $2, $3, $4, $5)`, [id, score, minute(event), minute(created), deleted]);
    },
    query: async (sql) => void (await database.query(sql)),
    online: async (table, ...customers) => {
      const snapshot = snapshotView({ entities: [customer], featureViews: [scores, lateScores], featureServices: [] }, table);
      const rows = (await ports.onlineStore.read([{ view: snapshot, features: ['score'], entityKeys: customers.map((id) => [BigInt(id)]) }]))[0]!;
      return rows.map(({ eventTimestampMicros, values }) => (eventTimestampMicros === undefined ? undefined : [values[0], (eventTimestampMicros - ZERO) / 60_000_000]));
    },
    close: () => database.end(),
  };
}

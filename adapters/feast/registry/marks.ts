import { type Micros, MICROS_PER_SECOND } from '../../../domain/instant.ts';
import type { OnlineMark } from '../../../ports/feature-registry.ts';
import { quoteIdentifier } from '../../postgres/pool.ts';
import type { RegistryRows } from './rows.ts';

/** Key of feast_metadata under which the marks of the views stand, as JSON by view. Feast passes over metadata keys that it does not know. */
const ONLINE_MARKS = 'ml_pipeline.online_marks';

export type OnlineMarks = ReadonlyMap<string, OnlineMark>;

export async function readMarks({ client, schema, project }: RegistryRows): Promise<OnlineMarks> {
  const { rows } = await client.query<{ value: string }>(`SELECT metadata_value AS value FROM ${quoteIdentifier(schema)}.feast_metadata WHERE project_id = $1 AND metadata_key = $2`, [project, ONLINE_MARKS]);
  return new Map(rows[0] === undefined ? [] : Object.entries(JSON.parse(rows[0].value) as Record<string, OnlineMark>));
}

/** Sets the view's mark. The caller holds the registry's lock. */
export async function writeMark(rows: RegistryRows, view: string, mark: OnlineMark, now: Micros): Promise<void> {
  await writeMarks(rows, new Map([...(await readMarks(rows)), [view, mark]]), now);
}

/** The views have no mark afterwards. The caller holds the registry's lock. */
export async function forgetMarks(rows: RegistryRows, views: readonly string[], now: Micros): Promise<void> {
  const marks = await readMarks(rows);
  const left = new Map([...marks].filter(([view]) => !views.includes(view)));
  if (left.size < marks.size) await writeMarks(rows, left, now);
}

async function writeMarks({ client, schema, project }: RegistryRows, marks: OnlineMarks, now: Micros): Promise<void> {
  await client.query(
    `INSERT INTO ${quoteIdentifier(schema)}.feast_metadata (project_id, metadata_key, metadata_value, last_updated_timestamp) VALUES ($1, $2, $3, $4)
     ON CONFLICT (project_id, metadata_key) DO UPDATE SET metadata_value = excluded.metadata_value, last_updated_timestamp = excluded.last_updated_timestamp`,
    [project, ONLINE_MARKS, JSON.stringify(Object.fromEntries(marks)), Math.floor(now / MICROS_PER_SECOND)],
  );
}

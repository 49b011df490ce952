import { PipelineError } from '../../domain/errors.ts';
import type { Micros } from '../../domain/instant.ts';
import type { ExpiredSpine } from '../../ports/warehouse.ts';
import { isMissing, told } from './call-failure.ts';
import type { BigQueryConnection } from './connection.ts';
import { tableMetadata } from './run-query.ts';
import { tableId } from './sql.ts';

/** The label of a spine table that holds the instant after which it may be removed, in microseconds. A table without it is nobody's to remove. */
export const EXPIRES = 'expires_at_micros';

/** Warehouse.expiredSpines. BigQuery removes tables at their expiry by itself: what is found here is younger than a day. */
export async function expiredSpines(connection: BigQueryConnection, nowMicros: Micros): Promise<readonly ExpiredSpine[]> {
  const { client, settings } = connection;
  const doing = 'looking for spines that have expired';
  const [tables] = await told(client.dataset(settings.datasets.spine, { projectId: settings.project }).getTables(), doing, settings);
  const found: ExpiredSpine[] = [];
  for (const { id = '', metadata } of tables) {
    const expiry = (metadata as { readonly labels?: Readonly<Record<string, string>> }).labels?.[EXPIRES];
    if (expiry === undefined || !(Number(expiry) < nowMicros)) continue;
    const table = `spine_data.${id}`;
    const details = await told(tableMetadata(connection, tableId(settings, table)), doing, settings);
    if (details !== undefined) found.push({ table, bytes: Number(details.numBytes ?? 0), expiredMicros: Number(expiry) });
  }
  return found.sort((a, b) => (a.table < b.table ? -1 : 1));
}

/** Warehouse.dropExpiredSpines. */
export async function dropExpiredSpines(connection: BigQueryConnection, nowMicros: Micros): Promise<readonly string[]> {
  const expired = (await expiredSpines(connection, nowMicros)).map(({ table }) => table);
  for (const table of expired) await dropSpine(connection, table);
  return expired;
}

/** Warehouse.dropSpine. Only tables of the spines' data set can be named. */
export async function dropSpine({ client, settings }: BigQueryConnection, table: string): Promise<void> {
  const [schema, name, ...rest] = table.split('.');
  if (schema !== 'spine_data' || name === undefined || rest.length > 0) throw new PipelineError('INVALID_INPUT', `${table} is no spine: spines are tables of spine_data.`);
  const { projectId, datasetId, tableId: id } = tableId(settings, table);
  try {
    await client.dataset(datasetId, { projectId }).table(id).delete();
  } catch (error) {
    if (!isMissing(error)) await told(Promise.reject(error as Error), `removing ${table}`, settings);
  }
}

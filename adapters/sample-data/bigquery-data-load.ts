import { isMissing, told } from '../bigquery/call-failure.ts';
import type { BigQueryConnection } from '../bigquery/connection.ts';
import { loadRows } from '../bigquery/load-rows.ts';
import { tableMetadata } from '../bigquery/run-query.ts';
import { tableId, type TableId } from '../bigquery/sql.ts';
import { PipelineError } from '../../domain/errors.ts';
import { SOURCE, type DataLoad } from './load-options.ts';

/** The label of each table of a load that holds the load's id. */
export const LOAD_LABEL = 'load';

/** A load of which the table `data_load` speaks. */
export interface NotedLoad extends DataLoad {
  /** Random; also the label of each table that the load made. */
  readonly id: string;
  /** False from the load's beginning until its tables are all in their places. */
  readonly complete: boolean;
}

const SCHEMA = [
  { name: 'source', type: 'STRING', mode: 'REQUIRED' },
  { name: 'load_id', type: 'STRING', mode: 'REQUIRED', description: 'Random; the label "load" of each table that this load made' },
  { name: 'complete', type: 'BOOLEAN', mode: 'REQUIRED', description: 'Whether all tables of this load are in their places' },
  { name: 'shift_weeks', type: 'INTEGER', mode: 'REQUIRED', description: 'Weeks by which all times are moved forward' },
  { name: 'source_last_day', type: 'STRING', mode: 'REQUIRED' },
  { name: 'hashes', type: 'STRING', mode: 'REQUIRED', description: 'JSON: SHA-256 of each file and of each text that a table is made by' },
  { name: 'row_counts', type: 'STRING', mode: 'REQUIRED', description: 'JSON: rows by table' },
  { name: 'loaded_at', type: 'TIMESTAMP', mode: 'REQUIRED' },
] as const;

/** What `data_load` says; undefined where no load has begun. */
export async function readNote(connection: BigQueryConnection): Promise<NotedLoad | undefined> {
  const { client, settings } = connection;
  const { projectId, datasetId, tableId: name } = noteTable(connection);
  try {
    const [rows] = (await client.dataset(datasetId, { projectId }).table(name).getRows({ maxResults: 1, autoPaginate: false })) as unknown as [readonly Readonly<Record<string, never>>[]];
    const row = rows[0];
    if (row === undefined) return undefined;
    return { id: row['load_id']!, complete: row['complete']!, shiftWeeks: Number(row['shift_weeks']), sourceLastDay: row['source_last_day']!, hashes: JSON.parse(row['hashes']!) as DataLoad['hashes'], rows: JSON.parse(row['row_counts']!) as DataLoad['rows'] };
  } catch (error) {
    if (isMissing(error)) return undefined;
    return told(Promise.reject(error as Error), `reading ${datasetId}.${name}`, settings);
  }
}

/** Puts the note in the place of the one that is there. A load job: whole, and free. */
export async function writeNote(connection: BigQueryConnection, load: NotedLoad): Promise<void> {
  const table = noteTable(connection);
  const row = {
    source: SOURCE, load_id: load.id, complete: load.complete, shift_weeks: load.shiftWeeks, source_last_day: load.sourceLastDay,
    hashes: JSON.stringify(load.hashes), row_counts: JSON.stringify(load.rows), loaded_at: new Date().toISOString(),
  };
  await loadRows(connection, {
    table,
    load: { sourceFormat: 'NEWLINE_DELIMITED_JSON', writeDisposition: 'WRITE_TRUNCATE', schema: { fields: SCHEMA } },
    content: () => once(`${JSON.stringify(row)}\n`),
    jobKey: `data load ${load.id} note ${load.complete ? 'complete' : 'begun'}`,
    doing: `noting the load in ${table.datasetId}.${table.tableId}`,
    labels: { step: 'data_load' },
  });
}

/** Whether each table of the load is there and is the one that the load made. Says the first that is not. */
export async function tableOfAnother(connection: BigQueryConnection, load: Pick<NotedLoad, 'id' | 'rows'>): Promise<string | undefined> {
  for (const name of Object.keys(load.rows)) {
    const metadata = await told(tableMetadata(connection, tableOf(connection, name)), `looking at the table ${name}`, connection.settings);
    if (metadata?.labels?.[LOAD_LABEL] !== load.id) return name;
  }
  return undefined;
}

/** Refuses to go on where another load has begun meanwhile, or has put tables of its own into their places. */
export async function refuseAnother(connection: BigQueryConnection, load: Pick<NotedLoad, 'id' | 'rows'>): Promise<void> {
  const note = await readNote(connection);
  const table = note?.id === load.id ? await tableOfAnother(connection, load) : `${connection.settings.datasets.raw}.data_load`;
  if (table === undefined) return;
  throw new PipelineError('CONFLICT', `Another load of the sample data changed ${table} meanwhile, so that the tables may be those of two loads. Call \`ml-pipeline data load\` again when no other runs: it loads all anew.`);
}

/** A table by its data set's own name. */
export function tableOf({ settings }: Pick<BigQueryConnection, 'settings'>, name: string): TableId {
  return tableId(settings, `${settings.project}.${name}`);
}

function noteTable(connection: BigQueryConnection): TableId {
  return tableOf(connection, `${connection.settings.datasets.raw}.data_load`);
}

async function* once(text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text);
}

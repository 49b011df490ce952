import { told } from '../bigquery/call-failure.ts';
import { loadRows } from '../bigquery/load-rows.ts';
import { quoteIdentifier, quoteTableId, type TableId } from '../bigquery/sql.ts';
import { layoutFor, putInPlace, wholeNumbers, type Layout, type Loading } from './bigquery-tables.ts';
import type { CsvName } from './csv-files.ts';
import { RAW_RULES, rawColumns, rawRows, type RawColumn, type RawMaking } from './raw-rows.ts';

/** Staged rows stay for this load alone; BigQuery removes what a load that was killed has left. */
export const STAGED_MS = 6 * 3_600_000;
/** Lines are sent in pieces of about so many characters. */
const PIECE = 1 << 16;

const TYPES: Readonly<Record<RawColumn['type'], string>> = { text: 'STRING', int: 'INT64', float8: 'FLOAT64', timestamptz: 'TIMESTAMP', date: 'DATE' };
/** The time of a table that is divided by it, and the columns by which its rows lie together. */
const LAYOUTS: Readonly<Partial<Record<CsvName, { readonly time: string; readonly keys: readonly string[] }>>> = {
  flights: { time: 'event_timestamp', keys: ['origin', 'carrier'] },
  weather: { time: 'time_hour', keys: ['origin'] },
};

/** What decides the rows of a raw table beside the files and the shift. */
export function rawTableText(name: CsvName): string {
  return JSON.stringify([RAW_RULES, rawColumns(name), LAYOUTS[name] ?? null]);
}

/** Loads the rows of a raw table into one of its own, as the file is read. */
export async function stageRawTable({ connection, loadId }: Loading, name: CsvName, making: RawMaking, staged: TableId): Promise<void> {
  const { client, settings } = connection;
  const fields = rawColumns(name).map((column) => ({ name: column.name, type: TYPES[column.type] }));
  const step = `loading ${name}.csv`;
  await told(client.dataset(staged.datasetId, { projectId: staged.projectId }).createTable(staged.tableId, { schema: { fields }, expirationTime: String(Date.now() + STAGED_MS) }), step, settings);
  await loadRows(connection, {
    table: staged,
    load: { sourceFormat: 'NEWLINE_DELIMITED_JSON', createDisposition: 'CREATE_NEVER', writeDisposition: 'WRITE_EMPTY', schema: { fields } },
    content: () => lines(name, making),
    jobKey: `data load ${loadId} ${step}`,
    doing: step,
    labels: { step: 'data_load' },
  });
}

async function* lines(name: CsvName, making: RawMaking): AsyncGenerator<string> {
  let piece = '';
  for await (const row of rawRows(name, making)) {
    piece += `${JSON.stringify(row)}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** Makes the raw table from its staged rows; the number of rows. */
export async function makeRawTable(loading: Loading, name: CsvName, table: TableId, staged: TableId): Promise<number> {
  const texts = rawColumns(name).flatMap((column) => (column.description === undefined ? [] : [`${column.name}: ${column.description}.`]));
  return putInPlace(loading, table, staged, await layoutOf(loading, name, staged), texts);
}

async function layoutOf(loading: Loading, name: CsvName, staged: TableId): Promise<Layout> {
  const layout = LAYOUTS[name];
  if (layout === undefined) return { clustering: [] };
  const day = `EXTRACT(DATE FROM ${quoteIdentifier(layout.time)})`;
  const { days } = await wholeNumbers<'days'>(loading, `SELECT DATE_DIFF(MAX(${day}), MIN(${day}), DAY) AS days FROM ${quoteTableId(staged)}`, `counting the days of ${name}`);
  return layoutFor(layout.time, days, layout.keys);
}

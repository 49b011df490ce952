import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { ColumnSchema } from '../../domain/data/columns.ts';
import type { SpineRef } from '../../domain/data/dataset-ref.ts';
import { ROW_NUMBER, checkSpineColumns, inSortOrder, spineNameProblems } from '../../domain/data/spine-columns.ts';
import type { ReadableColumn as Readable } from '../../domain/data/spine-columns.ts';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import { EARLIEST, formatInstant, parseInstant, type Micros } from '../../domain/instant.ts';
import type { BoundQuery, ExpiredSpine, WriteSpineRequest } from '../../ports/warehouse.ts';
import { WIRE_TYPES, conversion } from './column-types.ts';
import type { NativeColumn, NativeFamily } from './column-types.ts';
import { asReadError, cancellable } from './copy-rows.ts';
import { describeQuery } from './describe.ts';
import { asPostgresError, inTransaction, quoteIdentifier, quoteTable } from './pool.ts';
import { instantLiteral, oneStatement, orderTerm, wholeNumberLiteral } from './sql.ts';

export const SPINE_SCHEMA = 'spine_data';
const UNDEFINED_TABLE = '42P01';

type ReadableColumn = Readable<NativeFamily>;

const UNFINISHED = ['building_'];
const READABLE_TYPES = 'a number, text, boolean, bytea or timestamp';

/** Warehouse.writeSpine: one transaction, so that the table is there whole or not at all, and a failure keeps nothing. `stage` makes in it what the query reads. */
export async function writeSpine(pool: pg.Pool, connectionString: string, request: WriteSpineRequest, stage?: (client: pg.PoolClient) => Promise<void>): Promise<SpineRef> {
  const query = { sql: request.query.sql.replace(/[\s;]+$/, ''), values: [...request.query.values] };
  refuseProblems('INVALID_INPUT', 'The spine cannot be written.', spineNameProblems(request.name, UNFINISHED));
  return inTransaction(pool, (client) => cancellable(client, connectionString, request.signal, async () => {
    await stage?.(client);
    const columns = checkSpineColumns(request, await describeSpineQuery(client, query), READABLE_TYPES);
    const building = `${SPINE_SCHEMA}.building_${randomBytes(8).toString('hex')}`;
    request.signal?.throwIfAborted(); // a cancellation between two statements finds nothing to cancel
    await giveMemory(client);
    const rowCount = await createTable(client, building, query, inSortOrder(request, columns), columns);
    request.signal?.throwIfAborted();
    await indexRows(client, building);
    await checkInstants(client, building, request, rowCount);
    request.signal?.throwIfAborted();
    await finishTable(client, building, request, columns);
    return { table: `${SPINE_SCHEMA}.${request.name}`, rowCount, schema: columns.map(({ name, type }) => ({ name, type })), asOfMicros: request.asOfMicros };
  }));
}

/** Warehouse.dropSpine. Only tables of the spine schema can be named. */
export async function dropSpine(pool: pg.Pool, table: string): Promise<void> {
  const [schema, name, ...rest] = table.split('.');
  if (schema !== SPINE_SCHEMA || name === undefined || rest.length > 0) {
    throw new PipelineError('INVALID_INPUT', `${table} is no spine: spines are tables of ${SPINE_SCHEMA}.`);
  }
  await pool.query(`DROP TABLE IF EXISTS ${quoteTable(table)}`).catch((error: unknown) => { throw asPostgresError(error); });
}

/** Warehouse.expiredSpines. The expiry stands in the comment that finishTable writes; a table without one is nobody's to remove. */
export async function expiredSpines(pool: pg.Pool, nowMicros: Micros): Promise<readonly ExpiredSpine[]> {
  const { rows } = await pool.query<{ name: string; note: string | null; bytes: string }>(
    `SELECT relname AS name, obj_description(c.oid, 'pg_class') AS note, pg_total_relation_size(c.oid) AS bytes
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r' ORDER BY relname`,
    [SPINE_SCHEMA],
  );
  return rows.flatMap(({ name, note, bytes }) => {
    const expiredMicros = expiryOf(note) ?? Infinity;
    return expiredMicros < nowMicros ? [{ table: `${SPINE_SCHEMA}.${name}`, bytes: Number(bytes ?? 0), expiredMicros }] : [];
  });
}

/** Warehouse.dropExpiredSpines. */
export async function dropExpiredSpines(pool: pg.Pool, nowMicros: Micros): Promise<readonly string[]> {
  const expired = (await expiredSpines(pool, nowMicros)).map(({ table }) => table);
  for (const table of expired) await pool.query(`DROP TABLE IF EXISTS ${quoteTable(table)}`);
  return expired;
}

function expiryOf(note: string | null): Micros | undefined {
  const match = /^\{"expires_at":"([^"]+)"/.exec(note ?? '');
  return match?.[1] === undefined ? undefined : parseInstant(match[1]);
}

/** Warehouse.describeQuery. */
export async function describeSpineQuery(client: pg.Pool | pg.PoolClient, query: BoundQuery): Promise<readonly NativeColumn[]> {
  try {
    return await describeQuery(client, query.sql, query.values);
  } catch (error) {
    throw asQueryError(error);
  }
}

/** An error in the text of the query (SQLSTATE class 42) is the template's. */
function asQueryError(error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  if (!(error instanceof Error) || typeof code !== 'string' || !code.startsWith('42')) return asReadError(error);
  const cure = code === UNDEFINED_TABLE ? "Make the table (`ml-pipeline data load` makes those of the sample data), or mend the loader's SQL template." : "Mend the loader's SQL template.";
  return new PipelineError('INVALID_TEMPLATE', `PostgreSQL refuses the spine query: ${error.message}. ${cure}`, { cause: error });
}

/** What sorting the rows may take in the server before it goes to disk, in kB, as for the strategy `snapshot`. A server that is set to more keeps that. */
const SORT_KILOBYTES = 128 * 1024;

async function giveMemory(client: pg.PoolClient): Promise<void> {
  await client.query("SELECT set_config(name, $1, true) FROM pg_settings WHERE name IN ('work_mem', 'maintenance_work_mem') AND setting::int8 < $1::int8", [String(SORT_KILOBYTES)]);
}

/** Runs the query once, its values bound; the number of its rows. The table holds one PostgreSQL type per column type; its rows lie in row number order. */
async function createTable(client: pg.PoolClient, table: string, query: BoundQuery, sorted: readonly ReadableColumn[], columns: readonly ReadableColumn[]): Promise<number> {
  const order = sorted.map(({ name, family }) => orderTerm(family, `q.${quoteIdentifier(name)}`)).join(', ');
  const values = columns.map(({ name, family, type }) => `(${conversion(family, type, `q.${quoteIdentifier(name)}`)})::${WIRE_TYPES[type]} AS ${quoteIdentifier(name)}`);
  const statement = `CREATE TABLE ${quoteTable(table)} AS SELECT (row_number() OVER (ORDER BY ${order}) - 1)::int8 AS ${ROW_NUMBER}, ${values.join(', ')} FROM (${query.sql}\n) AS q ORDER BY ${order}`;
  try {
    return (await client.query(oneStatement(statement, query.values))).rowCount!;
  } catch (error) {
    throw asQueryError(error);
  }
}

/** The key. Of statistics, those of the row number are all that the joins need, which read ranges of it; those of all columns take as long as the key. */
async function indexRows(client: pg.PoolClient, table: string): Promise<void> {
  await client.query(`ALTER TABLE ${quoteTable(table)} ADD PRIMARY KEY (${ROW_NUMBER})`);
  await client.query(`ANALYZE ${quoteTable(table)} (${ROW_NUMBER})`);
}

/** The rows lie in the order of time, missing instants last: the first and the last row tell whether all are usable. Only where they are not, all rows are counted. */
async function checkInstants(client: pg.PoolClient, table: string, request: WriteSpineRequest, rowCount: number): Promise<void> {
  const time = quoteIdentifier(request.timestampColumn);
  const tests = [`${time} IS NULL`, `${time} > $1::timestamptz`, `${time} < ${instantLiteral(EARLIEST)}`];
  const asOf = formatInstant(request.asOfMicros);
  const ends = [0, rowCount - 1].map((row) => `${ROW_NUMBER} = ${wholeNumberLiteral(Math.max(row, 0))}`);
  const { rows: unusable } = await client.query(`SELECT FROM ${quoteTable(table)} WHERE (${ends.join(' OR ')}) AND (${tests.join(' OR ')})`, [asOf]);
  if (unusable.length === 0) return;
  const { rows } = await client.query<{ missing: string; late: string; early: string }>(
    `SELECT ${['missing', 'late', 'early'].map((name, i) => `count(*) FILTER (WHERE ${tests[i]}) AS ${name}`).join(', ')} FROM ${quoteTable(table)}`,
    [asOf],
  );
  const { missing, late, early } = rows[0]!;
  const path = `column ${request.timestampColumn}`;
  refuseProblems('INVALID_DATA', `The spine's event timestamps are not usable; nothing was kept (${rowCount} rows).`, [
    ...(missing === '0' ? [] : [{ path, message: `${missing} rows have no event timestamp.`, cure: 'Filter them out in the query.' }]),
    ...(late === '0' ? [] : [{ path, message: `${late} rows are later than the as-of instant ${asOf}.`, cure: 'A spine has no future: filter them out in the query.' }]),
    ...(early === '0' ? [] : [{ path, message: `${early} rows are earlier than the year 1700.`, cure: 'Filter them out in the query.' }]),
  ]);
}

/** Gives the table its expiry (as a comment, which goes when the table goes) and its name. Writers of the same name take turns. */
async function finishTable(client: pg.PoolClient, building: string, request: WriteSpineRequest, columns: readonly ColumnSchema[]): Promise<void> {
  const table = quoteTable(`${SPINE_SCHEMA}.${request.name}`);
  const note = JSON.stringify({ expires_at: formatInstant(request.expiresAtMicros), as_of: formatInstant(request.asOfMicros), columns: columns.length });
  await client.query(`COMMENT ON TABLE ${quoteTable(building)} IS ${client.escapeLiteral(note)}`);
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`ml-pipeline spine ${request.name}`]);
  await client.query(`DROP TABLE IF EXISTS ${table}`);
  await client.query(`ALTER TABLE ${quoteTable(building)} RENAME TO ${quoteIdentifier(request.name)}`);
}

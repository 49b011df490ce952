import { createHash } from 'node:crypto';
import { checkSpineColumns, inSortOrder, spineNameProblems } from '../../domain/data/spine-columns.ts';
import { totalUsage } from '../../domain/data/dataset-ref.ts';
import type { QueryUsage, SpineRef } from '../../domain/data/dataset-ref.ts';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import { EARLIEST, formatInstant } from '../../domain/instant.ts';
import type { WriteSpineRequest } from '../../ports/warehouse.ts';
import { told } from './call-failure.ts';
import type { BigQueryConnection } from './connection.ts';
import { describeBoundQuery } from './describe.ts';
import { earlierUsage } from './earlier-usage.ts';
import { boundParameters } from './query-parameters.ts';
import { queryRows } from './query-rows.ts';
import { runQuery, tableMetadata } from './run-query.ts';
import type { FinishedQuery, TableMetadata } from './run-query.ts';
import type { ReadableColumn } from './spine-sql.ts';
import { numberingSql, stagingSql } from './spine-sql.ts';
import { EXPIRES } from './spine-upkeep.ts';
import { instantLiteral, quoteIdentifier, quoteTableId, tableId } from './sql.ts';
import type { TableId } from './sql.ts';

/** Rows as the query gave them stay for retries of the same step; then BigQuery removes them. */
const STAGED_MS = 6 * 3_600_000;
/** How the names of other tables of that dataset begin. */
const UNFINISHED = ['building_', 'rows_', 'result_'];
const READABLE_TYPES = 'a number, STRING, BOOL, BYTES or TIMESTAMP';
const DAY_MICROS = 86_400_000_000;
/** The label of a spine table that says what it was written from. */
const CONTENT = 'content';

interface Writing {
  readonly connection: BigQueryConnection;
  readonly request: WriteSpineRequest;
  readonly columns: readonly ReadableColumn[];
  readonly table: TableId;
  readonly staged: TableId;
  readonly jobKey: string;
  readonly content: string;
  readonly step: string;
}

/**
 * Warehouse.writeSpine. The query runs once, into a table that is staged; its instants are looked at; then one statement numbers the rows and puts the table in its place, whole,
 * with its expiry. A retry finds the jobs that it made, and a spine that is there already, with what writing it cost.
 */
export async function writeSpine(connection: BigQueryConnection, request: WriteSpineRequest): Promise<SpineRef> {
  refuseProblems('INVALID_INPUT', 'The spine cannot be written.', spineNameProblems(request.name, UNFINISHED));
  const { settings } = connection;
  const query = { sql: request.query.sql.replace(/[\s;]+$/, ''), values: request.query.values };
  const step = `writing the spine spine_data.${request.name}`;
  const columns = checkSpineColumns(request, await describeBoundQuery(connection, query, step), READABLE_TYPES);
  const jobKey = JSON.stringify(['spine', request.name, query, request.entityColumns, request.timestampColumn, request.asOfMicros]);
  const content = createHash('sha256').update(jobKey).digest('hex').slice(0, 40);
  const named = (name: string): TableId => tableId(settings, `spine_data.${name}`);
  const writing: Writing = { connection, request: { ...request, query }, columns, table: named(request.name), staged: named(`building_${content}`), jobKey, content, step };
  const ref = (rowCount: number, usage: QueryUsage | undefined): SpineRef => ({
    table: `spine_data.${request.name}`, rowCount, schema: columns.map(({ name, type }) => ({ name, type })), asOfMicros: request.asOfMicros, ...(usage === undefined ? {} : { usage }),
  });
  const there = await told(tableMetadata(connection, writing.table), step, settings);
  if (there !== undefined && isOurs(writing)(there)) return ref(Number(there.numRows), await earlierUsage(connection, Object.values(keysOf(jobKey)), step));
  const stage = await stageRows(writing);
  const checked = await checkInstants(writing, stage.rowCount);
  const numbered = await numberRows(writing, stage.rowCount);
  return ref(stage.rowCount, totalUsage([stage, checked, numbered]));
}

/** Of the jobs that write a spine. */
const keysOf = (jobKey: string) => ({ query: jobKey, instants: `${jobKey} instants`, numbering: `${jobKey} numbered` });

const isOurs = ({ content }: Writing) => ({ labels }: TableMetadata): boolean => labels?.[CONTENT] === content;

function stageRows({ connection, request: { query, name, signal }, columns, staged, jobKey, step }: Writing): Promise<FinishedQuery> {
  return runQuery(connection, { sql: stagingSql(query.sql, columns), parameters: boundParameters(query.values), step, jobKey: keysOf(jobKey).query, destination: staged, expirationMillis: STAGED_MS, labels: { step: 'spine_query', spine: name }, signal });
}

/** Every instant must be one that a spine can have. Refuses with the numbers of rows. */
async function checkInstants({ connection, request, staged, jobKey, step }: Writing, rowCount: number): Promise<FinishedQuery> {
  const time = quoteIdentifier(request.timestampColumn);
  const asOf = formatInstant(request.asOfMicros);
  const sql = `SELECT COUNTIF(${time} IS NULL) AS missing, COUNTIF(${time} > ${instantLiteral(request.asOfMicros)}) AS late, COUNTIF(${time} < ${instantLiteral(EARLIEST)}) AS early FROM ${quoteTableId(staged)}`;
  const query = await runQuery(connection, { sql, step, jobKey: keysOf(jobKey).instants, labels: { step: 'spine_instants', spine: request.name }, signal: request.signal });
  const [found] = await queryRows<{ readonly missing: number; readonly late: number; readonly early: number }>(connection, query.jobId, step);
  if (found === undefined) throw new PipelineError('UNAVAILABLE', `BigQuery, ${step}: a count has no result. Try again.`);
  const path = `column ${request.timestampColumn}`;
  refuseProblems('INVALID_DATA', `The spine's event timestamps are not usable; nothing was kept (${rowCount} rows).`, [
    ...(found.missing === 0 ? [] : [{ path, message: `${found.missing} rows have no event timestamp.`, cure: 'Filter them out in the query.' }]),
    ...(found.late === 0 ? [] : [{ path, message: `${found.late} rows are later than the as-of instant ${asOf}.`, cure: 'A spine has no future: filter them out in the query.' }]),
    ...(found.early === 0 ? [] : [{ path, message: `${found.early} rows are earlier than the year 1700.`, cure: 'Filter them out in the query.' }]),
  ]);
  return query;
}

/** BigQuery itself removes the table when it expires, not before tomorrow: it refuses a past instant. The label holds the exact one. */
function numberRows(writing: Writing, rowCount: number): Promise<FinishedQuery> {
  const { connection, request, columns, table, staged, jobKey, content, step } = writing;
  const sql = numberingSql({
    table, staged, rowCount, columns: inSortOrder(request, columns), order: columns.map(({ name }) => name), timestampColumn: request.timestampColumn,
    expirationMicros: Math.max(request.expiresAtMicros, Date.now() * 1000 + DAY_MICROS),
    description: `Spine of ml-pipeline, as of ${formatInstant(request.asOfMicros)}`,
    labels: { ...connection.settings.labels, app: 'ml-pipeline', [CONTENT]: content, [EXPIRES]: String(request.expiresAtMicros) },
  });
  return runQuery(connection, { sql, step, jobKey: keysOf(jobKey).numbering, table, isOurs: isOurs(writing), labels: { step: 'spine_numbering', spine: request.name }, signal: request.signal });
}

import { PipelineError } from '../../domain/errors.ts';
import { asBigQueryError, asLoginError } from './call-failure.ts';
import type { BigQuerySettings } from './connection.ts';
import type { PlannedTable } from './push-plan.ts';
import { RAW_PUSHES } from './push-raw.ts';
import { cellPlace, rowPlace } from './push-rows.ts';

/** gRPC's status codes (grpc.io, "Status codes and their use in gRPC"). */
export const STATUS = { CANCELLED: 1, UNKNOWN: 2, INVALID_ARGUMENT: 3, DEADLINE_EXCEEDED: 4, NOT_FOUND: 5, ALREADY_EXISTS: 6, PERMISSION_DENIED: 7, RESOURCE_EXHAUSTED: 8, FAILED_PRECONDITION: 9, ABORTED: 10, OUT_OF_RANGE: 11, INTERNAL: 13, UNAVAILABLE: 14, UNAUTHENTICATED: 16 } as const;

/** After these nobody knows whether the rows are in; sent to the same offset again, they are in once. */
const UNCERTAIN: readonly number[] = [STATUS.CANCELLED, STATUS.UNKNOWN, STATUS.DEADLINE_EXCEEDED, STATUS.ABORTED, STATUS.INTERNAL, STATUS.UNAVAILABLE, STATUS.RESOURCE_EXHAUSTED];
/** The stream takes nothing more: it is finished, was removed, or is not as long as was thought. */
const STREAM_GONE: readonly number[] = [STATUS.NOT_FOUND, STATUS.FAILED_PRECONDITION, STATUS.OUT_OF_RANGE, STATUS.INVALID_ARGUMENT];

export interface RowError {
  /** Within the request. */
  readonly index: number;
  readonly message: string;
}

/** Why a request to append was not answered with success. */
export class AppendFailure extends Error {
  readonly code: number;
  readonly rowErrors: readonly RowError[];
  /** Parts of the table that are in. */
  readonly doneParts: number;
  /** Whether the part that failed may be in all the same. */
  readonly isUncertain: boolean;

  constructor(cause: unknown, { doneParts, wasUncertain }: { readonly doneParts: number; readonly wasUncertain: boolean }) {
    const { code = STATUS.UNKNOWN, message = String(cause), rowErrors = [] } = cause as { readonly code?: number; readonly message?: string; readonly rowErrors?: readonly RowError[] };
    super(message, { cause });
    this.code = code;
    this.rowErrors = rowErrors;
    this.doneParts = doneParts;
    this.isUncertain = rowErrors.length === 0 && (wasUncertain || isUncertain(code)); // rows that are refused now were never taken
  }

  /** Whether the rows can go to another stream: they are not in this one, or nobody can say any more. */
  get isStreamGone(): boolean {
    return this.rowErrors.length === 0 && STREAM_GONE.includes(this.code);
  }
}

export function isUncertain(code: number | undefined): boolean {
  return code === undefined || UNCERTAIN.includes(code);
}

/** Rows for a table; of rows in parts, which row of its push each is. */
type RowsOfTable = Pick<PlannedTable, 'table' | 'views'> & Partial<Pick<PlannedTable, 'parts'> & { readonly rows: readonly number[] }>;

/** A table that has refused the rows of a push for good. */
export interface TableRefusal {
  readonly table: string;
  /** Whether it took the first of them. */
  readonly isInPart: boolean;
  readonly error: PipelineError;
}

/** What BigQuery refuses, in words for the caller, without values. */
export function asAppendError(error: unknown, of: RowsOfTable, settings: Pick<BigQuerySettings, 'project' | 'location'>, columns: readonly string[] = []): unknown {
  if (error instanceof PipelineError || !(error instanceof Error)) return error;
  const { code } = error as { readonly code?: unknown };
  const { table, views } = of;
  if (typeof code !== 'number') return asBigQueryError(error, `writing to table ${table}`, settings);
  const login = asLoginError(error, `writing to table ${table}`);
  if (login !== undefined) return login;
  const said = withoutValues(error.message);
  if (error instanceof AppendFailure && error.rowErrors.length > 0) return rowsRefused(error, of, columns);
  if (code === STATUS.PERMISSION_DENIED) return new PipelineError('INVALID_CONFIG', `BigQuery does not let this account write to table ${table}. Grant it roles/bigquery.dataEditor on the data set; ${said}`, { cause: error });
  if (code === STATUS.UNAUTHENTICATED) return new PipelineError('INVALID_CONFIG', `Google Cloud does not accept the credentials. On a laptop run \`gcloud auth application-default login\`; on a server give the process a service account; ${said}`, { cause: error });
  if (code === STATUS.NOT_FOUND && views.length === 0) return new PipelineError('NOT_FOUND', `Table ${table}, which keeps what was pushed, does not exist in BigQuery. Start the API or a worker anew, which make it, with roles/bigquery.dataEditor on the data set; ${said}`, { cause: error });
  if (code === STATUS.NOT_FOUND) return new PipelineError('NOT_FOUND', `Table ${table} does not exist in BigQuery, of which the feature view${views.length === 1 ? '' : 's'} ${views.join(', ')} read. Make it, or correct the view's source; ${said}`, { cause: error });
  if (code === STATUS.RESOURCE_EXHAUSTED) return new PipelineError('UNAVAILABLE', `BigQuery has no quota left for writing to table ${table} (Storage Write API). Send the push again later, or raise the quota; ${said}`, { cause: error });
  if (isUncertain(code)) return new PipelineError('UNAVAILABLE', `BigQuery did not take rows for table ${table} in time; ${said}`, { cause: error });
  return new PipelineError('INVALID_DATA', `Table ${table} refuses the rows: ${said}`, { cause: error });
}

/** The rows stay noted: whoever comes first sends them again. */
export function asOwedError(error: unknown, table: string): PipelineError {
  const why = error instanceof Error ? withoutValues(error.message.split('\n', 1)[0]!) : String(error);
  return new PipelineError('UNAVAILABLE', `BigQuery has not confirmed all rows of a push, which is noted and sent to table ${table} until it has. Send it again to hear how it went. ${why}`, { cause: error });
}

/** What became of a push that has ended: `taken` has its rows, the others do not. */
export function endedError(refusals: readonly TableRefusal[], taken: readonly string[]): PipelineError {
  const [first] = refusals as readonly [TableRefusal, ...TableRefusal[]];
  const said = refusals.map(({ error }) => error.message.split('\n', 1)[0]!).join(' ');
  const inPart = refusals.flatMap(({ table, isInPart }) => (isInPart ? `the first of those for ${table}` : []));
  const there = [...taken, ...inPart].join(', ');
  const missing = refusals.map(({ table }) => table);
  const rest = there === '' ? 'Nothing was written.' : `The push has ended: its rows are in ${there}, and count as pushed; they are not in ${missing.join(', ')}. Sent again, only those that are missing are added${missing.includes(RAW_PUSHES) ? `, except to ${RAW_PUSHES}, which lacks them for good` : ''}.`;
  return new PipelineError(first.error.code, `${said} ${rest}`, { problems: refusals.flatMap(({ error }) => error.problems), cause: first.error });
}

/** Rows are the caller's; BigQuery tells their place in its request. */
function rowsRefused({ rowErrors, doneParts, cause }: AppendFailure, { table, views, rows = [], parts = [] }: RowsOfTable, columns: readonly string[]): PipelineError {
  const before = parts.slice(0, doneParts).flat().length;
  const problems = rowErrors.slice(0, 100).map(({ index, message }) => {
    const row = rows[before + index];
    const column = columns.find((name) => new RegExp(`(^|[^\\w])${name.replace(/[^\w]/g, '\\$&')}([^\\w]|$)`).test(message));
    const place = row === undefined ? `row ${index} of a request` : column === undefined ? rowPlace(row) : cellPlace(row, column);
    return { path: `feature view ${views.join(', ')}, ${place}`, message: withoutValues(message) };
  });
  return new PipelineError('INVALID_DATA', `Table ${table} refuses rows. Send values that the columns hold, or change the table.`, { problems, cause });
}

/** BigQuery quotes values in its messages. */
function withoutValues(message: string): string {
  return message.replace(/(["'])(?:(?!\1).)*\1/gs, '"..."').replace(/(value:?\s+)\S+/gi, '$1...').replace(/\s+/g, ' ').slice(0, 300);
}

import type pg from 'pg';
import { ROW_NUMBER } from '../../domain/data/spine-columns.ts';
import type { ColumnSchema, RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import { mergeViews } from '../../domain/features/as-of-merge/merge-views.ts';
import type { ViewRows } from '../../domain/features/as-of-merge/merge-view.ts';
import { selectedName } from '../../domain/features/snapshot.ts';
import { BEGINNING, MICROS_PER_SECOND, type Micros } from '../../domain/instant.ts';
import type { HistoricalFeaturesRequest } from '../../ports/warehouse.ts';
import type { BoundKey, BoundView } from './bind-join.ts';
import type { CopyColumn } from './copy-decoder.ts';
import { joinedColumns } from './lateral-join.ts';
import { quoteIdentifier, quoteTable } from './pool.ts';
import type { PostgresConfig } from './pool.ts';
import { readAsOfOneMoment } from './shared-snapshot.ts';
import { rowsApart, type RowsApart } from './source-index.ts';
import { instantLiteral, notBeforeEarliest } from './sql.ts';
import { instantFor, newestLast } from './view-source.ts';
import type { SourceColumn } from './view-source.ts';

/** One connection each for the spine, the transaction whose view of the data all share, and every view. */
export const MOST_SNAPSHOT_VIEWS = 24;
const MEGABYTE = 2 ** 20;
/** What the sorts of all sources together, and one of them, may take in the server before they go to disk. */
const SORTS_MEGABYTES = 512;
const SORT_MEGABYTES = 128;

/** The newest rows of all entities do not fit the memory that the join may take. */
export class JoinTooLargeError extends PipelineError {
  constructor(bytes: number, limit: number) {
    const megabytes = (value: number): number => Math.ceil(value / MEGABYTE);
    super('UNSUPPORTED', `The strategy "snapshot" keeps the newest row of every entity in memory, and needs more than ${megabytes(limit)} MB for it (${megabytes(bytes)} MB so far). Use the strategy "warehouse", or give it more memory.`);
  }
}

export interface SnapshotJoin {
  readonly config: PostgresConfig;
  readonly request: HistoricalFeaturesRequest;
  readonly views: readonly BoundView[];
  readonly memoryBytes: number;
}

/**
 * The strategy `snapshot`: the spine, and of each view the rows that its instants can need, are read once, all in the order of time and as of one moment, and merged here.
 * docs/adr/0015-join-strategies.md says when it pays.
 */
export function snapshotJoin({ config, request, views, memoryBytes }: SnapshotJoin): AsyncGenerator<RecordBatch> {
  if (views.length > MOST_SNAPSHOT_VIEWS) throw new PipelineError('UNSUPPORTED', `The strategy "snapshot" joins at most ${MOST_SNAPSHOT_VIEWS} views at a time, here are ${views.length}. Use the strategy "warehouse".`);
  return readAsOfOneMoment(config, views.length + 1, request.signal, async function* ({ coordinator, read }) {
    const before = readerSettings(views.length);
    const window = await spineWindow(coordinator, request);
    const columns = joinedColumns(request, views);
    const apart: RowsApart[] = [];
    for (const { source } of views) apart.push(await rowsApart(coordinator, source)); // as of the same moment as the rows
    const spine = read({ columns: columns.spine, select: `SELECT ${columns.spine.map(({ name }) => quoteIdentifier(name)).join(', ')} FROM ${quoteTable(request.spine.table)} ORDER BY ${ROW_NUMBER}`, before });
    const source = (wanted: readonly CopyColumn[], select: string): AsyncIterator<RecordBatch> => startNow(window === undefined ? noRows() : read({ columns: wanted, select, before }));
    yield* mergeViews({
      spine, timestampColumn: request.timestampColumn,
      views: views.map((view, i) => viewRows(view, apart[i], source, window ?? { first: 0, last: 0 })),
      columns: request.selection.columns.map(({ column }) => placeOf(column, views)),
      onMemory: (bytes) => { if (bytes > memoryBytes) throw new JoinTooLargeError(bytes, memoryBytes); },
    });
  });
}

/** Of every reader. Several of them sort side by side, so none takes further processes to it. */
function readerSettings(views: number): string[] {
  const megabytes = Math.min(SORT_MEGABYTES, Math.floor(SORTS_MEGABYTES / Math.max(views, 1)));
  return [`SET LOCAL work_mem = '${megabytes}MB'`, 'SET LOCAL max_parallel_workers_per_gather = 0', 'SET LOCAL jit = off'];
}

interface Window {
  readonly first: Micros;
  readonly last: Micros;
}

/** The spine's first and last instant; undefined: it has none. It lies in the order of time: the merge refuses one that does not. */
async function spineWindow(client: pg.PoolClient, { spine, timestampColumn }: HistoricalFeaturesRequest): Promise<Window | undefined> {
  const time = quoteIdentifier(timestampColumn);
  const end = (direction: string): string => `(SELECT (extract(epoch FROM ${time}) * 1000000)::int8 FROM ${quoteTable(spine.table)} WHERE ${time} IS NOT NULL ORDER BY ${ROW_NUMBER} ${direction} LIMIT 1)`;
  const { rows } = await client.query<{ first: string | null; last: string | null }>(`SELECT ${end('ASC')} AS first, ${end('DESC')} AS last`);
  const { first, last } = rows[0]!;
  return first === null || last === null ? undefined : { first: Number(first), last: Number(last) };
}

function placeOf(column: string, views: readonly BoundView[]): { readonly view: number; readonly feature: number; readonly name: string } {
  const view = views.findIndex(({ selected }) => selected.some((candidate) => candidate.column === column));
  return { view, feature: views[view]!.selected.findIndex((candidate) => candidate.column === column), name: column };
}

/** What the merge needs to know of a view, with a reader of the rows that the spine's instants can need. */
function viewRows(view: BoundView, apart: RowsApart, read: (columns: readonly CopyColumn[], select: string) => AsyncIterator<RecordBatch>, window: Window): ViewRows {
  const { source, keys, selected } = view;
  const { eventTimestamp, createdTimestamp } = source;
  const asKnown = source.view.asKnown && createdTimestamp !== undefined;
  const instant = (column: SourceColumn): CopyColumn & { readonly value: string } => ({ name: column.name, type: 'Timestamp', wire: 'timestamptz', value: notBeforeEarliest(column.value) });
  const columns = [
    ...keys.map(keyValue),
    instant(eventTimestamp), ...(asKnown ? [instant(createdTimestamp)] : []),
    ...selected.map(({ feature }) => feature),
  ];
  const visible = asKnown ? [`greatest(${eventTimestamp.value}, ${createdTimestamp.value})`] : [];
  const select = `SELECT ${columns.map(({ value }) => value).join(', ')} FROM ${quoteTable(source.view.source.table)} AS f
    WHERE ${windowConditions(view, window).join(' AND ')} ORDER BY ${[...visible, newestLast(source, apart)].join(', ')}`;
  const features: ColumnSchema[] = selected.map(({ column, feature }) => ({ name: column, type: feature.type }));
  return {
    name: selectedName(source.view), ttlSeconds: source.view.ttlSeconds, asKnown, features,
    spineKeys: keys.map(({ spine }) => spine.name), rows: read(columns.map(({ name, type, wire }) => ({ name, type, wire, view: source.view.name })), select),
  };
}

/** Whole numbers as they are in the table, whatever width is declared: a value that does not fit matches nothing, and is no error. */
function keyValue({ key }: BoundKey): CopyColumn & { readonly value: string } {
  if (key.family === 'int' || key.family === 'int8') return { name: key.name, type: 'Int64', wire: 'int8', value: `${key.raw}::int8` };
  return key;
}

/** The rows of a view that instants from `first` to `last` can need. */
export function windowConditions({ source, keys }: BoundView, { first, last }: Window): string[] {
  const { view, eventTimestamp, createdTimestamp } = source;
  const oldest = view.ttlSeconds === null ? -Infinity : first - Math.round(view.ttlSeconds * MICROS_PER_SECOND);
  return [
    ...keys.map(({ key }) => `${key.raw} IS NOT NULL`),
    `${eventTimestamp.raw} <= ${instantFor(eventTimestamp, instantLiteral(last))}`,
    ...(oldest > BEGINNING ? [`${eventTimestamp.raw} >= ${instantFor(eventTimestamp, instantLiteral(oldest))}`] : []),
    ...(view.asKnown && createdTimestamp !== undefined ? [`${createdTimestamp.raw} <= ${instantFor(createdTimestamp, instantLiteral(last))}`] : []),
  ];
}

/** Lets the server begin before the first row is asked for: the sources sort side by side. */
function startNow(rows: AsyncGenerator<RecordBatch>): AsyncIterator<RecordBatch> {
  let first: Promise<IteratorResult<RecordBatch>> | undefined = rows.next();
  first.catch(() => undefined); // thrown where it is awaited
  return {
    next: () => {
      const next = first ?? rows.next();
      first = undefined;
      return next;
    },
  };
}

async function* noRows(): AsyncGenerator<RecordBatch> {
  // A spine without instants needs none.
}

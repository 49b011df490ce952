import type pg from 'pg';
import { ROW_NUMBER } from '../../domain/data/spine-columns.ts';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import { selectionProblems } from '../../domain/features/selection-problems.ts';
import { keyColumn, selectedName } from '../../domain/features/snapshot.ts';
import { suggestion } from '../../domain/nearest.ts';
import type { HistoricalFeaturesRequest } from '../../ports/warehouse.ts';
import type { NativeColumn } from './column-types.ts';
import { describePostgresTable } from './describe.ts';
import { bindView } from './view-source.ts';
import type { SourceColumn, ViewSource } from './view-source.ts';

/** A join key with the column of the spine that holds it. */
export interface BoundKey {
  readonly key: SourceColumn;
  readonly spine: NativeColumn;
}

/** A view of the selection, bound to its table and to the spine. */
export interface BoundView {
  readonly source: ViewSource;
  readonly keys: readonly BoundKey[];
  /** The features taken from it, with the names of their columns. */
  readonly selected: readonly { readonly column: string; readonly feature: SourceColumn }[];
}

/** Binds spine, selection and tables to each other; all that does not fit is refused at once (INVALID_DEFINITION). Views of which nothing is selected are left out. */
export async function bindJoin(client: pg.PoolClient, request: HistoricalFeaturesRequest): Promise<readonly BoundView[]> {
  const spineColumns = await describeSpine(client, request);
  const problems: Problem[] = [...spineProblems(request, spineColumns), ...selectionProblems(request.spine.schema, request.selection)];
  const bound: BoundView[] = [];
  for (const view of request.selection.views) {
    const selected = request.selection.columns.filter((column) => column.view === selectedName(view));
    if (selected.length === 0) continue;
    const { source, problems: misfits } = bindView(view, await describePostgresTable(client, view.source.table));
    problems.push(...misfits);
    if (source === undefined) continue;
    const keys = source.joinKeys.map((key) => bindKey(source, key, spineColumns, problems));
    const columns = selected.flatMap(({ column, feature }) => source.features.filter(({ name }) => name === feature).map((found) => ({ column, feature: found })));
    bound.push({ source, keys: keys.filter((key) => key !== undefined), selected: columns });
  }
  refuseProblems('INVALID_DEFINITION', 'The training set cannot be built.', problems);
  return bound;
}

async function describeSpine(client: pg.PoolClient, { spine }: HistoricalFeaturesRequest): Promise<readonly NativeColumn[]> {
  try {
    return await describePostgresTable(client, spine.table);
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'NOT_FOUND') throw error;
    throw new PipelineError('NOT_FOUND', `The spine ${spine.table} does not exist (any more): spines expire. Start the run again.`, { cause: error });
  }
}

/** The spine must have what its reference says. */
function spineProblems({ spine, timestampColumn }: HistoricalFeaturesRequest, columns: readonly NativeColumn[]): Problem[] {
  const stored = (type: string): string => type.replace('UnixTimestamp', 'Int64').replace(/Decimal|Uuid/, 'String'); // as WIRE_TYPES says
  const replaced = spine.schema.filter(({ name, type }) => columns.find((column) => column.name === name)?.type !== stored(type));
  const problems: Problem[] = replaced.map(({ name, type }) => ({ path: `spine column ${name}`, message: `table ${spine.table} does not have it as ${type}.`, cure: 'The table was replaced: start the run again.' }));
  if (spine.schema.find((column) => column.name === timestampColumn)?.type === 'Timestamp') return problems;
  return [...problems, { path: 'timestamp_column', message: `the spine has no timestamp column "${timestampColumn}".`, cure: suggestion(timestampColumn, spine.schema.map(({ name }) => name)) }];
}

const COMPARABLE = { text: 'text', othertext: 'text', bpchar: 'text', uuid: 'text', int: 'integer', int8: 'integer', bytea: 'bytes', timestamptz: 'instant', timestamp: 'instant', date: 'instant' } as Readonly<Record<string, string>>;

function bindKey({ view }: ViewSource, key: SourceColumn, spineColumns: readonly NativeColumn[], problems: Problem[]): BoundKey | undefined {
  const name = keyColumn(view, key.name);
  const path = `feature view ${selectedName(view)}, join key ${key.name}${name === key.name ? '' : ` (column ${name} of the spine)`}`;
  const spine = spineColumns.find((candidate) => candidate.name === name && name !== ROW_NUMBER);
  if (spine === undefined) {
    problems.push({ path, message: 'the spine has no such column.', cure: suggestion(name, spineColumns.map((c) => c.name).filter((c) => c !== ROW_NUMBER)) });
    return undefined;
  }
  if (COMPARABLE[key.family] !== undefined && COMPARABLE[key.family] === COMPARABLE[spine.family ?? '']) return { key, spine };
  problems.push({ path, message: `it is ${spine.nativeType} in the spine, which does not compare with ${view.source.table}.`, cure: "Cast it in the loader's SQL." });
  return undefined;
}

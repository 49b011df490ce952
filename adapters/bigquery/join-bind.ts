import { ROW_NUMBER } from '../../domain/data/spine-columns.ts';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import { selectionProblems } from '../../domain/features/selection-problems.ts';
import { keyColumn, selectedName } from '../../domain/features/snapshot.ts';
import { suggestion } from '../../domain/nearest.ts';
import type { HistoricalFeaturesRequest } from '../../ports/warehouse.ts';
import type { NativeColumn } from './column-types.ts';
import type { BigQueryConnection } from './connection.ts';
import { describeBigQueryTable } from './describe.ts';
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
export async function bindJoin(connection: BigQueryConnection, request: HistoricalFeaturesRequest): Promise<readonly BoundView[]> {
  const { spine, selection } = request;
  const wanted = selection.views.filter((view) => selection.columns.some((column) => column.view === selectedName(view)));
  const tables = new Map(await Promise.all([...new Set(wanted.map(({ source }) => source.table))].map(async (table) => [table, await describeBigQueryTable(connection, table)] as const)));
  const spineColumns = await describeSpine(connection, spine.table);
  const problems: Problem[] = [...spineProblems(request, spineColumns), ...selectionProblems(spine.schema, selection)];
  const bound = wanted.flatMap((view) => {
    const selected = selection.columns.filter((column) => column.view === selectedName(view));
    const { source, problems: misfits } = bindView(view, tables.get(view.source.table)!);
    problems.push(...misfits);
    if (source === undefined) return [];
    const keys = source.joinKeys.flatMap((key) => bindKey(source, key, spineColumns, problems));
    return [{ source, keys, selected: selected.flatMap(({ column, feature }) => source.features.filter(({ name }) => name === feature).map((found) => ({ column, feature: found }))) }];
  });
  refuseProblems('INVALID_DEFINITION', 'The training set cannot be built.', problems);
  return bound;
}

async function describeSpine(connection: BigQueryConnection, table: string): Promise<readonly NativeColumn[]> {
  try {
    return await describeBigQueryTable(connection, table);
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'NOT_FOUND') throw error;
    throw new PipelineError('NOT_FOUND', `The spine ${table} does not exist (any more): spines expire. Start the run again.`, { cause: error });
  }
}

/** The types of a spine's columns in its table where they are others: BigQuery has fewer types. */
const STORED: Readonly<Record<string, string>> = { Int32: 'Int64', UnixTimestamp: 'Int64', Float32: 'Float64', Decimal: 'String', Uuid: 'String' };

/** The spine must have what its reference says. */
function spineProblems({ spine, timestampColumn }: HistoricalFeaturesRequest, columns: readonly NativeColumn[]): Problem[] {
  const stored = (type: string): string => type.replace(/^(Array\()?(\w+)/, (_, list: string | undefined, element: string) => `${list ?? ''}${STORED[element] ?? element}`);
  const replaced = spine.schema.filter(({ name, type }) => ![type, stored(type)].includes(String(columns.find((column) => column.name === name)?.type)));
  const problems: Problem[] = replaced.map(({ name, type }) => ({ path: `spine column ${name}`, message: `table ${spine.table} does not have it as ${type}.`, cure: 'The table was replaced: start the run again.' }));
  if (spine.schema.find((column) => column.name === timestampColumn)?.type === 'Timestamp') return problems;
  return [...problems, { path: 'timestamp_column', message: `the spine has no timestamp column "${timestampColumn}".`, cure: suggestion(timestampColumn, spine.schema.map(({ name }) => name)) }];
}

const COMPARABLE: Readonly<Record<string, string>> = { string: 'text', int64: 'integer', bytes: 'bytes', timestamp: 'instant', datetime: 'instant', date: 'instant' };

function bindKey({ view }: ViewSource, key: SourceColumn, spineColumns: readonly NativeColumn[], problems: Problem[]): BoundKey[] {
  const name = keyColumn(view, key.name);
  const path = `feature view ${selectedName(view)}, join key ${key.name}${name === key.name ? '' : ` (column ${name} of the spine)`}`;
  const spine = spineColumns.find((candidate) => candidate.name === name && name !== ROW_NUMBER);
  if (spine === undefined) {
    problems.push({ path, message: 'the spine has no such column.', cure: suggestion(name, spineColumns.map((c) => c.name).filter((c) => c !== ROW_NUMBER)) });
    return [];
  }
  if (COMPARABLE[key.family] !== undefined && COMPARABLE[key.family] === COMPARABLE[spine.family ?? '']) return [{ key, spine }];
  problems.push({ path, message: `it is ${spine.nativeType} in the spine, which does not compare with ${view.source.table}.`, cure: "Cast it in the loader's SQL." });
  return [];
}

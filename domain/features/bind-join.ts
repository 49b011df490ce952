import type { ColumnType } from '../data/columns.ts';
import type { SpineRef } from '../data/dataset-ref.ts';
import { ROW_NUMBER } from '../data/spine-columns.ts';
import { PipelineError, refuseProblems } from '../errors.ts';
import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { BoundSource, TableColumn, ViewBinding } from './bind-view.ts';
import { selectionProblems } from './selection-problems.ts';
import { keyColumn, selectedName } from './snapshot.ts';
import type { FeatureSelection, FeatureViewSnapshot } from './snapshot.ts';

/** A join key with the column of the spine that holds it. */
export interface BoundKey<Native, Column> {
  readonly key: Column;
  readonly spine: Native;
}

/** A view of the selection, bound to its table and to the spine. */
export interface BoundView<Native, Column> {
  readonly source: BoundSource<Column>;
  readonly keys: readonly BoundKey<Native, Column>[];
  /** The features taken from it, with the names of their columns. */
  readonly selected: readonly { readonly column: string; readonly feature: Column }[];
}

export interface DescribedTableColumn extends TableColumn {
  readonly family: string | undefined;
  readonly type: ColumnType | undefined;
}

interface TakenColumn {
  readonly name: string;
  readonly family: string;
}

/** How a warehouse binds a join. */
export interface JoinRules<Native extends DescribedTableColumn, Column extends TakenColumn> {
  /** The columns of each table; refuses (NOT_FOUND) one that is not there. */
  describe(tables: readonly string[]): Promise<readonly (readonly Native[])[]>;
  bindView(view: FeatureViewSnapshot, columns: readonly Native[]): ViewBinding<Column>;
  /** The types by which a spine's table may keep a column of this type. */
  stored(type: ColumnType): readonly string[];
  /** Family -> kind: keys of the same kind can be compared; a family that is not named, with none. */
  readonly comparable: Readonly<Record<string, string>>;
}

interface JoinRequest {
  readonly spine: SpineRef;
  readonly timestampColumn: string;
  readonly selection: FeatureSelection;
}

/** Binds spine, selection and tables to each other; all that does not fit is refused at once (INVALID_DEFINITION). Views of which nothing is selected are left out. */
export async function bindJoin<Native extends DescribedTableColumn, Column extends TakenColumn>(request: JoinRequest, rules: JoinRules<Native, Column>): Promise<readonly BoundView<Native, Column>[]> {
  const { spine, selection } = request;
  const wanted = selection.views.filter((view) => selection.columns.some((column) => column.view === selectedName(view)));
  const tables = [...new Set(wanted.map(({ source }) => source.table))];
  const spineColumns = await describeSpine(spine.table, rules);
  const described = await rules.describe(tables);
  const problems: Problem[] = [...spineProblems(request, spineColumns, rules), ...selectionProblems(spine.schema, selection)];
  const bound = wanted.flatMap((view) => {
    const { source, problems: misfits } = rules.bindView(view, described[tables.indexOf(view.source.table)]!);
    problems.push(...misfits);
    if (source === undefined) return [];
    const selected = selection.columns.filter((column) => column.view === selectedName(view)).flatMap(({ column, feature: wantedName }) => {
      const feature = source.features.find(({ name }) => name === wantedName);
      return feature === undefined ? [] : [{ column, feature }];
    });
    return [{ source, selected, keys: source.joinKeys.flatMap((key) => bindKey(view, key, spineColumns, rules, problems)) }];
  });
  refuseProblems('INVALID_DEFINITION', 'The training set cannot be built.', problems);
  return bound;
}

async function describeSpine<Native extends DescribedTableColumn, Column extends TakenColumn>(table: string, rules: JoinRules<Native, Column>): Promise<readonly Native[]> {
  try {
    return (await rules.describe([table]))[0]!;
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'NOT_FOUND') throw error;
    throw new PipelineError('NOT_FOUND', `The spine ${table} does not exist (any more): spines expire. Start the run again.`, { cause: error });
  }
}

/** The spine must have what its reference says. */
function spineProblems({ spine, timestampColumn }: JoinRequest, columns: readonly DescribedTableColumn[], rules: Pick<JoinRules<DescribedTableColumn, TakenColumn>, 'stored'>): Problem[] {
  const replaced = spine.schema.filter(({ name, type }) => !rules.stored(type).includes(String(columns.find((column) => column.name === name)?.type)));
  const problems: Problem[] = replaced.map(({ name, type }) => ({ path: `spine column ${name}`, message: `table ${spine.table} does not have it as ${type}.`, cure: 'The table was replaced: start the run again.' }));
  if (spine.schema.find((column) => column.name === timestampColumn)?.type === 'Timestamp') return problems;
  return [...problems, { path: 'timestamp_column', message: `the spine has no timestamp column "${timestampColumn}".`, cure: suggestion(timestampColumn, spine.schema.map(({ name }) => name)) }];
}

function bindKey<Native extends DescribedTableColumn, Column extends TakenColumn>(view: FeatureViewSnapshot, key: Column, spineColumns: readonly Native[], { comparable }: JoinRules<Native, Column>, problems: Problem[]): BoundKey<Native, Column>[] {
  const name = keyColumn(view, key.name);
  const path = `feature view ${selectedName(view)}, join key ${key.name}${name === key.name ? '' : ` (column ${name} of the spine)`}`;
  const candidates = spineColumns.filter((column) => column.name !== ROW_NUMBER);
  const spine = candidates.find((candidate) => candidate.name === name);
  if (spine === undefined) {
    problems.push({ path, message: 'the spine has no such column.', cure: suggestion(name, candidates.map((c) => c.name)) });
    return [];
  }
  if (comparable[key.family] !== undefined && comparable[key.family] === comparable[spine.family ?? '']) return [{ key, spine }];
  problems.push({ path, message: `it is ${spine.nativeType} in the spine, which does not compare with ${view.source.table}.`, cure: "Cast it in the loader's SQL." });
  return [];
}

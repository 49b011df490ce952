import { refuseProblems } from '../errors.ts';
import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { ColumnType } from './columns.ts';

/** The column of a spine's table that numbers its rows from 0. */
export const ROW_NUMBER = 'row_number';

/** A column that a query gives, as a warehouse describes it. */
export interface DescribedColumn<Family extends string> {
  readonly name: string;
  readonly nativeType: string;
  readonly family: Family | undefined;
  readonly type: ColumnType | undefined;
}

/** One that can be read. */
export type ReadableColumn<Family extends string> = DescribedColumn<Family> & { readonly family: Family; readonly type: ColumnType };

interface SpineColumns {
  readonly entityColumns: readonly string[];
  readonly timestampColumn: string;
}

/** What is wrong with the name of a spine's table; `taken`: how the names of the warehouse's half-made tables begin. */
export function spineNameProblems(name: string, taken: readonly string[]): Problem[] {
  if (/^\w{1,63}$/.test(name) && !taken.some((prefix) => name.startsWith(prefix))) return [];
  const prefixes = taken.map((prefix) => `"${prefix}"`).join(', ').replace(/, ([^,]*)$/, ' or $1');
  return [{ path: 'name', message: `"${name}" cannot name a spine table.`, cure: `Use 1 to 63 letters, digits and "_", not beginning with ${prefixes}.` }];
}

/** The columns in the query's order, when all that the request names are there and all can be read; otherwise every problem at once. `readable`: types to cast to, as the warehouse writes them. */
export function checkSpineColumns<Family extends string>(request: SpineColumns, columns: readonly DescribedColumn<Family>[], readable: string): readonly ReadableColumn<Family>[] {
  const names = columns.map((column) => column.name);
  const missing = (path: string, name: string): Problem[] => (names.includes(name) ? [] : [{ path, message: `the query gives no column "${name}".`, cure: suggestion(name, names) }]);
  const timestamp = columns.find((column) => column.name === request.timestampColumn);
  refuseProblems('INVALID_DATA', 'The spine query does not give what the recipe says; nothing was kept.', [
    ...request.entityColumns.flatMap((name, i) => missing(`entity_columns[${i}]`, name)),
    ...missing('timestamp_column', request.timestampColumn),
    ...(timestamp === undefined || timestamp.type === 'Timestamp' ? [] : [{ path: 'timestamp_column', message: `column "${timestamp.name}" is ${timestamp.nativeType}, not a timestamp.`, cure: 'Cast it in the query.' }]),
    ...columns.filter((column) => column.type === undefined).map((column) => ({ path: `column ${column.name}`, message: `type ${column.nativeType} cannot be read.`, cure: `Cast it in the query to ${readable}.` })),
    ...[...new Set(names.filter((name, i) => names.indexOf(name) !== i))].map((name) => ({ path: `column ${name}`, message: 'the query gives it twice.', cure: 'Give each column a name of its own.' })),
    ...(names.includes(ROW_NUMBER) ? [{ path: `column ${ROW_NUMBER}`, message: 'the name is taken by the row number that is added.', cure: 'Rename the column in the query.' }] : []),
  ]);
  return columns as readonly ReadableColumn<Family>[];
}

/** Event timestamp, join keys, then the remaining columns in the query's order: the order by which rows are numbered. */
export function inSortOrder<Column extends { readonly name: string }>({ timestampColumn, entityColumns }: SpineColumns, columns: readonly Column[]): readonly Column[] {
  const first = [timestampColumn, ...entityColumns];
  const rank = ({ name }: Column): number => (first.includes(name) ? first.indexOf(name) : first.length);
  return [...columns].sort((a, b) => rank(a) - rank(b));
}

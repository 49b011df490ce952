import type { ColumnSchema } from '../../domain/data/columns.ts';
import { refuseProblems } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';
import type { WriteSpineRequest } from '../../ports/warehouse.ts';
import { isInstant } from './column-types.ts';
import type { NativeColumn, NativeFamily } from './column-types.ts';
import { ROW_NUMBER } from './read-ordered.ts';

export type ReadableColumn = NativeColumn & { readonly family: NativeFamily; readonly type: ColumnSchema['type'] };

export function nameProblems(name: string): Problem[] {
  if (/^\w{1,63}$/.test(name) && !/^(building|rows|result)_/.test(name)) return [];
  return [{ path: 'name', message: `"${name}" cannot name a spine table.`, cure: 'Use 1 to 63 letters, digits and "_", not beginning with "building_", "rows_" or "result_".' }];
}

/** The columns in the query's order, when all that the request names are there and all can be read; otherwise every problem at once. */
export function checkColumns(request: WriteSpineRequest, columns: readonly NativeColumn[]): readonly ReadableColumn[] {
  const names = columns.map((column) => column.name);
  const missing = (path: string, name: string): Problem[] => (names.includes(name) ? [] : [{ path, message: `the query gives no column "${name}".`, cure: suggestion(name, names) }]);
  const timestamp = columns.find((column) => column.name === request.timestampColumn);
  refuseProblems('INVALID_DATA', 'The spine query does not give what the recipe says; nothing was kept.', [
    ...request.entityColumns.flatMap((name, i) => missing(`entity_columns[${i}]`, name)),
    ...missing('timestamp_column', request.timestampColumn),
    ...(timestamp === undefined || isInstant(timestamp.family) ? [] : [{ path: 'timestamp_column', message: `column "${timestamp.name}" is ${timestamp.nativeType}, not a timestamp.`, cure: 'Cast it in the query.' }]),
    ...columns.filter((column) => column.type === undefined).map((column) => ({ path: `column ${column.name}`, message: `type ${column.nativeType} cannot be read.`, cure: 'Cast it in the query to a number, STRING, BOOL, BYTES or TIMESTAMP.' })),
    ...[...new Set(names.filter((name, i) => names.indexOf(name) !== i))].map((name) => ({ path: `column ${name}`, message: 'the query gives it twice.', cure: 'Give each column a name of its own.' })),
    ...(names.includes(ROW_NUMBER) ? [{ path: `column ${ROW_NUMBER}`, message: 'the name is taken by the row number that is added.', cure: 'Rename the column in the query.' }] : []),
  ]);
  return columns as readonly ReadableColumn[];
}

/** Event timestamp, join keys, then the remaining columns in the query's order. */
export function sortColumns(request: WriteSpineRequest, columns: readonly ReadableColumn[]): readonly ReadableColumn[] {
  const first = [request.timestampColumn, ...request.entityColumns];
  const rank = ({ name }: ReadableColumn): number => (first.includes(name) ? first.indexOf(name) : first.length);
  return [...columns].sort((a, b) => rank(a) - rank(b));
}

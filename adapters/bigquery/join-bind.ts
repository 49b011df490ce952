import { bindJoin } from '../../domain/features/bind-join.ts';
import type { BoundView as Bound, JoinRules } from '../../domain/features/bind-join.ts';
import type { HistoricalFeaturesRequest } from '../../ports/warehouse.ts';
import type { NativeColumn } from './column-types.ts';
import type { BigQueryConnection } from './connection.ts';
import { describeBigQueryTable } from './describe.ts';
import { bindSource } from './view-source.ts';
import type { SourceColumn } from './view-source.ts';

export type BoundView = Bound<NativeColumn, SourceColumn>;

/** The types of a spine's columns in its table where they are others: BigQuery has fewer types. */
const STORED: Readonly<Record<string, string>> = { Int32: 'Int64', UnixTimestamp: 'Int64', Float32: 'Float64', Decimal: 'String', Uuid: 'String' };

const RULES: Omit<JoinRules<NativeColumn, SourceColumn>, 'describe'> = {
  bindView: bindSource,
  comparable: { string: 'text', int64: 'integer', bytes: 'bytes', timestamp: 'instant', datetime: 'instant', date: 'instant' },
  stored: (type) => [type, type.replace(/^(Array\()?(\w+)/, (_, list: string | undefined, element: string) => `${list ?? ''}${STORED[element] ?? element}`)],
};

/** `bindJoin` of the domain, over the tables of BigQuery. */
export function bindTables(connection: BigQueryConnection, request: HistoricalFeaturesRequest): Promise<readonly BoundView[]> {
  return bindJoin(request, { ...RULES, describe: (tables) => Promise.all(tables.map((table) => describeBigQueryTable(connection, table))) });
}

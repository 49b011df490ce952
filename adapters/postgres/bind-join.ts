import type pg from 'pg';
import { bindJoin } from '../../domain/features/bind-join.ts';
import type { BoundKey as Key, BoundView as Bound, JoinRules } from '../../domain/features/bind-join.ts';
import type { HistoricalFeaturesRequest } from '../../ports/warehouse.ts';
import type { NativeColumn } from './column-types.ts';
import { describePostgresTable } from './describe.ts';
import { bindSource } from './view-source.ts';
import type { SourceColumn } from './view-source.ts';

export type BoundKey = Key<NativeColumn, SourceColumn>;
export type BoundView = Bound<NativeColumn, SourceColumn>;

const RULES: Omit<JoinRules<NativeColumn, SourceColumn>, 'describe'> = {
  bindView: bindSource,
  comparable: { text: 'text', othertext: 'text', bpchar: 'text', uuid: 'text', int: 'integer', int8: 'integer', bytea: 'bytes', timestamptz: 'instant', timestamp: 'instant', date: 'instant' },
  stored: (type) => [type.replace('UnixTimestamp', 'Int64').replace(/Decimal|Uuid/, 'String')], // as WIRE_TYPES says
};

/** `bindJoin` of the domain, over the tables that the client sees: one after the other, as a client takes queries. */
export function bindTables(client: pg.PoolClient, request: HistoricalFeaturesRequest): Promise<readonly BoundView[]> {
  return bindJoin(request, {
    ...RULES,
    describe: async (tables) => {
      const described: (readonly NativeColumn[])[] = [];
      for (const table of tables) described.push(await describePostgresTable(client, table));
      return described;
    },
  });
}

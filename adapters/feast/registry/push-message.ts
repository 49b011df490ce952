import { clone, create } from '@bufbuild/protobuf';
import type { PushSource, TableSource } from '../../../domain/features/definitions.ts';
import { type DataSource, DataSource_SourceType, DataSourceSchema } from '../gen/feast/core/DataSource_pb.ts';
import { readDescribed, writeDescribed } from './described.ts';
import { sourceMessage } from './source-message.ts';
import type { TableKind } from './table-kinds.ts';

/** The Python class of push sources. */
const PUSH_SOURCE = 'feast.data_source.PushSource';

export function isPushSource(message: DataSource): boolean {
  return message.type === DataSource_SourceType.PUSH_SOURCE;
}

/** The push source as Feast's message, with a copy of the table source behind it; fields that the definition does not speak of stay as `previous` has them. */
export function pushMessage(push: PushSource, table: TableSource, tables: TableKind, previous?: DataSource): DataSource {
  const earlier = previous !== undefined && isPushSource(previous) ? previous : undefined;
  const message = earlier === undefined ? create(DataSourceSchema) : clone(DataSourceSchema, earlier);
  message.name = push.name;
  message.type = DataSource_SourceType.PUSH_SOURCE;
  message.dataSourceClassType = PUSH_SOURCE;
  message.batchSource = sourceMessage(table, tables, message.batchSource);
  message.timestampField = table.timestampField;
  message.createdTimestampColumn = table.createdTimestampColumn ?? '';
  message.fieldMapping = { ...table.fieldMapping };
  writeDescribed(message, push);
  return message;
}

/** The definition in a message. */
export function readPush(message: DataSource): PushSource {
  return { name: message.name, ...readDescribed(message) };
}

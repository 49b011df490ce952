import { clone, create } from '@bufbuild/protobuf';
import type { TableSource } from '../../../domain/features/definitions.ts';
import { isTableName } from '../../../domain/features/validate-names.ts';
import { type DataSource, DataSourceSchema } from '../gen/feast/core/DataSource_pb.ts';
import { OUR_TAGS, readDescribed, writeDescribed } from './described.ts';
import { formFor, formOf, type TableKind } from './table-kinds.ts';
import { refuseObject } from './unsupported.ts';

export function isTableSource(message: DataSource): boolean {
  return formOf(message) !== undefined;
}

/** The source as Feast's message; fields that the definition does not speak of stay as `previous` has them. A previous source of another kind is replaced. */
export function sourceMessage(source: TableSource, tables: TableKind, previous?: DataSource): DataSource {
  const form = formFor(tables);
  const earlier = previous !== undefined && formOf(previous) === form ? previous : undefined;
  const message = earlier === undefined ? create(DataSourceSchema) : clone(DataSourceSchema, earlier);
  // What says the same already is kept as it is, however it is spaced.
  const isSaid = earlier !== undefined && earlier.name === source.name && form.read(earlier).table === source.table && form.read(earlier).query === '';
  message.name = source.name;
  message.type = form.type;
  message.dataSourceClassType = form.className;
  message.timestampField = source.timestampField;
  message.createdTimestampColumn = source.createdTimestampColumn ?? '';
  message.fieldMapping = { ...source.fieldMapping };
  if (!isSaid) message.options = form.options(source.name, source.table);
  writeDescribed(message, source, ownTags(source));
  return message;
}

function ownTags({ deletedColumn, latenessSeconds }: TableSource): Record<string, string> {
  return {
    ...(deletedColumn === undefined ? {} : { [OUR_TAGS.deletedColumn]: deletedColumn }),
    ...(latenessSeconds === undefined ? {} : { [OUR_TAGS.latenessSeconds]: String(latenessSeconds) }),
  };
}

/** The definition in a message. UNSUPPORTED for a source that is not one table. */
export function readSource(message: DataSource): TableSource {
  const { deletedColumn, latenessSeconds } = OUR_TAGS;
  const { [deletedColumn]: deleted, [latenessSeconds]: lateness } = message.tags;
  return {
    name: message.name,
    table: readTable(message),
    timestampField: message.timestampField,
    ...(message.createdTimestampColumn === '' ? {} : { createdTimestampColumn: message.createdTimestampColumn }),
    ...(Object.keys(message.fieldMapping).length === 0 ? {} : { fieldMapping: message.fieldMapping }),
    ...(deleted === undefined ? {} : { deletedColumn: deleted }),
    ...(lateness === undefined ? {} : { latenessSeconds: Number(lateness) }),
    ...readDescribed(message),
  };
}

/** `schema.table`. */
function readTable(message: DataSource): string {
  const path = `data source ${message.name}`;
  const form = formOf(message) ?? refuseObject(path, `It is a ${message.dataSourceClassType || 'source of an unknown kind'}, not a table.`);
  const { table, query } = form.read(message);
  if (table === '' || query !== '') refuseObject(path, 'It is a query, not a table.', 'Make a view of the query in the database, and name that as the table.');
  const name = form.normalize(table);
  if (isTableName(name)) return name;
  const isOfProject = form.kind === 'bigquery' && table.split(/[.:]/).length === 3;
  return refuseObject(path, `Its table ${JSON.stringify(table)} is not schema.table.`, isOfProject ? 'Name it dataset.table: the project is that of the settings.' : 'Use letters, digits and "_".');
}

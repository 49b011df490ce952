import { clone, create } from '@bufbuild/protobuf';
import type { TableSource } from '../../../domain/features/definitions.ts';
import { type DataSource, DataSource_SourceType, DataSourceSchema } from '../gen/feast/core/DataSource_pb.ts';
import { isTableName } from '../../../domain/features/validate-names.ts';
import { OUR_TAGS, readDescribed, writeDescribed } from './described.ts';
import { refuseObject } from './unsupported.ts';

/** The Python class by which Feast reads a PostgreSQL table. */
const POSTGRES_SOURCE = 'feast.infra.offline_stores.contrib.postgres_offline_store.postgres_source.PostgreSQLSource';

/** Where Feast looks for a table that is named without schema: config/environments/feast/local_feature_store.yaml. */
const DEFAULT_SCHEMA = 'feature_mart';

export function isTableSource(message: DataSource): boolean {
  return message.dataSourceClassType === POSTGRES_SOURCE;
}

/** The source as Feast's message; fields that the definition does not speak of stay as `previous` has them. A previous source of another kind is replaced. */
export function sourceMessage(source: TableSource, previous?: DataSource): DataSource {
  const earlier = previous !== undefined && isTableSource(previous) ? previous : undefined;
  const message = earlier === undefined ? create(DataSourceSchema) : clone(DataSourceSchema, earlier);
  message.name = source.name;
  message.type = DataSource_SourceType.CUSTOM_SOURCE;
  message.dataSourceClassType = POSTGRES_SOURCE;
  message.timestampField = source.timestampField;
  message.createdTimestampColumn = source.createdTimestampColumn ?? '';
  message.fieldMapping = { ...source.fieldMapping };
  message.options = { case: 'customOptions', value: { $typeName: 'feast.core.DataSource.CustomSourceOptions', configuration: configuration(source, earlier) } };
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
  const path = `data source ${message.name}`;
  if (!isTableSource(message)) refuseObject(path, `It is a ${message.dataSourceClassType || 'source of an unknown kind'}, not a table.`);
  const { deletedColumn, latenessSeconds } = OUR_TAGS;
  const { [deletedColumn]: deleted, [latenessSeconds]: lateness } = message.tags;
  return {
    name: message.name,
    table: readTable(message, path),
    timestampField: message.timestampField,
    ...(message.createdTimestampColumn === '' ? {} : { createdTimestampColumn: message.createdTimestampColumn }),
    ...(Object.keys(message.fieldMapping).length === 0 ? {} : { fieldMapping: message.fieldMapping }),
    ...(deleted === undefined ? {} : { deletedColumn: deleted }),
    ...(lateness === undefined ? {} : { latenessSeconds: Number(lateness) }),
    ...readDescribed(message),
  };
}

/**
 * `schema.table`. Feast writes table names into its SQL without quotes: letters fold to small ones, and a name without schema is looked up in the offline store's `db_schema`,
 * which is `feature_mart` in this project's feature_store.yaml.
 */
function readTable(message: DataSource, path: string): string {
  const { table = '' } = parseConfiguration(message);
  if (table === '') refuseObject(path, 'It is a query, not a table.', 'Make a view of the query in the database, and name that as the table.');
  const parts = table.split('.').map((part) => (/^".*"$/.test(part) ? part.slice(1, -1) : part.toLowerCase()));
  const name = parts.length === 1 ? `${DEFAULT_SCHEMA}.${parts[0] ?? ''}` : parts.join('.');
  return isTableName(name) ? name : refuseObject(path, `Its table ${JSON.stringify(table)} is not schema.table.`, 'Use letters, digits and "_".');
}

/** Feast wants all three keys. Text that says the same already is kept as it is, however it is spaced. */
function configuration(source: TableSource, previous: DataSource | undefined): Uint8Array {
  const settings = { name: source.name, query: '', table: source.table };
  if (previous?.options.case === 'customOptions') {
    const earlier = parseConfiguration(previous);
    if (earlier.name === settings.name && earlier.query === settings.query && earlier.table === settings.table) return previous.options.value.configuration;
  }
  return new TextEncoder().encode(JSON.stringify(settings));
}

function parseConfiguration(message: DataSource): { readonly name?: string; readonly query?: string; readonly table?: string } {
  if (message.options.case !== 'customOptions') return {};
  try {
    return JSON.parse(new TextDecoder().decode(message.options.value.configuration)) as { name?: string; query?: string; table?: string };
  } catch {
    return refuseObject(`data source ${message.name}`, 'Its configuration is not JSON.');
  }
}

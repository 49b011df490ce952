import { type DataSource, DataSource_SourceType } from '../gen/feast/core/DataSource_pb.ts';
import { refuseObject } from './unsupported.ts';

/** Whose tables Feast reads: which of its source classes a definition's table becomes. */
export type TableKind = 'postgres' | 'bigquery';

/** How Feast writes down a table of one kind. */
interface TableForm {
  readonly kind: TableKind;
  /** The Python class that reads it. */
  readonly className: string;
  readonly type: DataSource_SourceType;
  /** What Feast reads of the two: PostgreSQL's table goes before its query, BigQuery's query before its table. Empty where the message says nothing. */
  read(message: DataSource): { readonly table: string; readonly query: string };
  options(name: string, table: string): DataSource['options'];
  /** `schema.table` as our definitions write it. */
  normalize(table: string): string;
}

/** Where Feast looks for a PostgreSQL table that is named without schema: config/environments/feast/local_feature_store.yaml. */
const DEFAULT_SCHEMA = 'feature_mart';

const POSTGRES: TableForm = {
  kind: 'postgres',
  className: 'feast.infra.offline_stores.contrib.postgres_offline_store.postgres_source.PostgreSQLSource',
  type: DataSource_SourceType.CUSTOM_SOURCE,
  read: (message) => {
    const { table = '', query = '' } = parseConfiguration(message);
    return { table, query: table === '' ? query : '' };
  },
  /** Feast wants all three keys. */
  options: (name, table) => ({ case: 'customOptions', value: { $typeName: 'feast.core.DataSource.CustomSourceOptions', configuration: new TextEncoder().encode(JSON.stringify({ name, query: '', table })) } }),
  /** Feast writes table names into its SQL without quotes: letters fold to small ones, and a name without schema is looked up in the offline store's `db_schema`. */
  normalize: (table) => {
    const parts = table.split('.').map((part) => (/^".*"$/.test(part) ? part.slice(1, -1) : part.toLowerCase()));
    return parts.length === 1 ? `${DEFAULT_SCHEMA}.${parts[0] ?? ''}` : parts.join('.');
  },
};

const BIGQUERY: TableForm = {
  kind: 'bigquery',
  className: 'feast.infra.offline_stores.bigquery_source.BigQuerySource',
  type: DataSource_SourceType.BATCH_BIGQUERY,
  read: ({ options }) => (options.case === 'bigqueryOptions' ? { table: options.value.table, query: options.value.query } : { table: '', query: '' }),
  options: (_, table) => ({ case: 'bigqueryOptions', value: { $typeName: 'feast.core.DataSource.BigQueryOptions', table, query: '' } }),
  normalize: (table) => table,
};

/** The form of the source's class; undefined where it is no table. Feast may leave the class out of a source of its own. */
export function formOf(message: DataSource): TableForm | undefined {
  if (message.dataSourceClassType === '' && message.type === BIGQUERY.type) return BIGQUERY;
  return [POSTGRES, BIGQUERY].find(({ className }) => className === message.dataSourceClassType);
}

export function formFor(kind: TableKind): TableForm {
  return kind === 'postgres' ? POSTGRES : BIGQUERY;
}

function parseConfiguration(message: DataSource): { readonly name?: string; readonly query?: string; readonly table?: string } {
  if (message.options.case !== 'customOptions') return {};
  try {
    return JSON.parse(new TextDecoder().decode(message.options.value.configuration)) as { name?: string; query?: string; table?: string };
  } catch {
    return refuseObject(`data source ${message.name}`, 'Its configuration is not JSON.');
  }
}

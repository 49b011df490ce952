import { PipelineError } from '../domain/errors.ts';
import { defaulted, object, optional, required, type ObjectOf } from '../domain/validation/object.ts';
import { choice, isRecord, number, refuse, text, within, type Shape } from '../domain/validation/shape.ts';

const postgres = { type: required(choice(['postgres'])), host: required(text()), port: required(number({ integer: true, min: 1, max: 65_535 })), database: required(text()), user: required(text()), password: required(text()) };

/** http is for a stand-in on the same machine: callers are not authenticated there. */
const address: Shape<string> = (value, spot) =>
  typeof value === 'string' && /^https?:\/\/[^/?#@\s]+$/.test(value) && URL.canParse(value) ? value : refuse(spot, 'is not the address of an API', 'Write one such as https://bigquery-private.p.googleapis.com, without a path.');
const grpcAddress: Shape<string> = (value, spot) =>
  typeof value === 'string' && /^(https?:\/\/)?[^/?#@\s:]+:\d+$/.test(value) ? value : refuse(spot, 'is not the address of an API', 'Write host:port, such as bigquerystorage-private.p.googleapis.com:443.');
/** A name of letters, digits and `_`. */
const dataset = text({ pattern: /^[A-Za-z0-9_]{1,1024}$/, means: 'a name of letters, digits and _' });
/** Each table that a query names is billed for 10 MiB at least: a smaller limit would refuse every query. */
const SMALLEST_BUDGET = 10_485_760;

const bigquery = {
  type: required(choice(['bigquery'])),
  project: required(text({ pattern: /^[a-z][a-z0-9.:-]*[a-z0-9]$/, means: 'the id of a project of Google Cloud' })),
  location: defaulted(text(), 'us-central1'),
  datasets: defaulted(
    object({ raw: defaulted(dataset, 'raw_events'), feature_mart: defaulted(dataset, 'feature_mart'), spine: defaulted(dataset, 'spine_data'), registry: defaulted(dataset, 'feast_registry') }),
    { raw: 'raw_events', feature_mart: 'feature_mart', spine: 'spine_data', registry: 'feast_registry' },
  ),
  maximum_bytes_billed: required(number({ integer: true, min: SMALLEST_BUDGET })),
  api_endpoint: optional(address),
  grpc_endpoint: optional(grpcAddress),
};

export type PostgresSettings = ObjectOf<typeof postgres>;
export type BigQueryWarehouseSettings = ObjectOf<typeof bigquery>;
export type WarehouseSettings = PostgresSettings | BigQueryWarehouseSettings;

const types = choice(['postgres', 'bigquery']);

/** `warehouse`: a database of PostgreSQL, or data sets of BigQuery; docs/cloud.md says what each setting means. */
export const warehouse: Shape<WarehouseSettings> = (value, spot) => {
  if (!isRecord(value)) return object(postgres)(value, spot);
  if (value['type'] === 'postgres') return object(postgres)(value, spot);
  if (value['type'] === 'bigquery') return object(bigquery)(value, spot);
  return types(value['type'], within(spot, 'type')) as never; // says what it can be; the settings beside it depend on it
};

/** The connection URL of PostgreSQL's settings; `wish`: what wants it, in words. UNSUPPORTED where the warehouse is another. Holds the password: never print it. */
export function postgresUrl(settings: WarehouseSettings, wish: string): string {
  if (settings.type !== 'postgres') throw new PipelineError('UNSUPPORTED', `${wish} needs the warehouse in PostgreSQL (warehouse.type postgres); here it is ${settings.type}.`);
  const { host, port, database, user, password } = settings;
  return `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}/${encodeURIComponent(database)}`;
}

/** Where the names that SQL templates use lie, where the settings say so. */
export function templateSchemas(settings: WarehouseSettings): { readonly schemas?: { readonly raw: string; readonly feature_mart: string } } {
  return settings.type === 'bigquery' ? { schemas: { raw: settings.datasets.raw, feature_mart: settings.datasets.feature_mart } } : {};
}

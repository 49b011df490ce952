import { defaulted, object, optional, required, type ObjectOf } from '../domain/validation/object.ts';
import { choice, isRecord, refuse, text, within, type Shape } from '../domain/validation/shape.ts';

/** The bucket and the object of `gs://bucket/path`. */
const OBJECT = /^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])\/(.*[^/])$/;

/** http is for a stand-in on the same machine: callers are not authenticated there. */
const endpoint: Shape<string> = (value, spot) =>
  typeof value === 'string' && /^https?:\/\/[^/?#@\s]+$/.test(value) && URL.canParse(value) ? value : refuse(spot, 'is not the address of an API', 'Write one such as https://storage-private.p.googleapis.com, without a path.');

const sql = { type: required(choice(['feast_sql'])), schema: required(text()) };
const file = {
  type: required(choice(['feast_file'])),
  path: required(text({ pattern: OBJECT, means: 'gs://bucket/path of the registry file' })),
  /** Another address of Cloud Storage than Google's own. */
  api_endpoint: optional(endpoint),
  /** Rows in BigQuery that show the file: the table `objects` of this data set. */
  table: optional(object({ project: required(text()), dataset: required(text({ pattern: /^\w+$/, means: 'a name of letters, digits and _' })), location: defaulted(text(), 'us-central1'), api_endpoint: optional(endpoint) })),
};

export type FileRegistrySettings = ObjectOf<typeof file>;
export type RegistrySettings = ObjectOf<typeof sql> | FileRegistrySettings;

const types = choice(['feast_sql', 'feast_file']);

/** `registry`: Feast's tables in PostgreSQL, or Feast's file in Cloud Storage; docs/feast.md says what each setting means. */
export const registry: Shape<RegistrySettings> = (value, spot) => {
  if (!isRecord(value)) return object(sql)(value, spot);
  if (value['type'] === 'feast_file') return object(file)(value, spot);
  if (value['type'] === 'feast_sql') return object(sql)(value, spot);
  return types(value['type'], within(spot, 'type')) as never; // says what it can be; the settings beside it depend on it
};

/** Where the file is. */
export function registryObject({ path }: FileRegistrySettings): { readonly bucket: string; readonly name: string } {
  const [, bucket = '', name = ''] = OBJECT.exec(path) ?? [];
  return { bucket, name };
}

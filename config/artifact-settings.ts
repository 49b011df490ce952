import { boolean, choice, isRecord, list, number, record, refuse, text, within, type Shape } from '../domain/validation/shape.ts';
import { defaulted, object, optional, required, type ObjectOf } from '../domain/validation/object.ts';

const bucketName = text({ pattern: /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/, means: 'a name of a bucket: 3 or more of a-z, 0-9, - _ and ., beginning and ending with a letter or digit' });
const label = text({ pattern: /^[a-z0-9_-]{1,63}$/, means: 'a label: a-z, 0-9, _ and -' });
const folderInBucket = text({ pattern: /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/, means: 'a path of letters, digits, _ . and -, without / at its ends' });
const days = number({ integer: true, min: 1 });

const ageRule = object({ action: required(choice(['delete', 'nearline', 'coldline', 'archive'])), age_days: required(days), prefix: optional(text()) });
const oldVersionRule = object({ action: required(choice(['delete'])), noncurrent_days: required(days), prefix: optional(text()) });
/** One thing that Cloud Storage does by itself: by the age of an object, or by how long a version has been replaced. */
export type LifecycleRule = ReturnType<typeof ageRule> | ReturnType<typeof oldVersionRule>;
const lifecycleRule: Shape<LifecycleRule> = (value, spot) => (isRecord(value) && value['noncurrent_days'] !== undefined ? oldVersionRule : ageRule)(value, spot);

const bucket = object({ name: required(bucketName), versioning: defaulted(boolean(), false), lifecycle: defaulted(list(lifecycleRule), []) });
export type BucketSettings = ReturnType<typeof bucket>;

/** http is for a private endpoint or a stand-in on the same machine: callers are not authenticated there. */
const endpoint: Shape<string> = (value, spot) =>
  typeof value === 'string' && /^https?:\/\/[^/?#@\s]+$/.test(value) && URL.canParse(value) ? value : refuse(spot, 'is not the address of an API', 'Write one such as https://storage-private.p.googleapis.com, without a path.');

const file = { type: required(choice(['file'])), folder: required(text()) };
const gcs = {
  type: required(choice(['gcs'])),
  project: required(text()),
  /** Of the buckets: a region, or a multi-region such as us. */
  location: defaulted(text({ pattern: /^[a-z0-9-]+$/, means: 'a location such as us or us-central1' }), 'us'),
  buckets: required(object({ data: required(bucket), artifacts: required(bucket), logs: required(bucket) })),
  /** Of all names in the data bucket: several projects may share one. */
  prefix: optional(folderInBucket),
  labels: defaulted(record(label), {}),
  /** Local copies of what was read. */
  cache: defaulted(object({ folder: required(text()), max_gigabytes: required(number({ above: 0 })) }), { folder: './data/cache', max_gigabytes: 20 }),
  api_endpoint: optional(endpoint),
};

export type FileArtifacts = ObjectOf<typeof file>;
export type GcsArtifacts = ObjectOf<typeof gcs>;
export type ArtifactSettings = FileArtifacts | GcsArtifacts;

const types = choice(['file', 'gcs']);

/** `artifacts`: files between steps, in a folder or in Cloud Storage; docs/artifacts.md says what each setting means. */
export const artifacts: Shape<ArtifactSettings> = (value, spot) => {
  if (!isRecord(value)) return object(file)(value, spot);
  if (value['type'] === 'gcs') return object(gcs)(value, spot);
  if (value['type'] === 'file') return object(file)(value, spot);
  return types(value['type'], within(spot, 'type')) as never; // says what it can be; the settings beside it depend on it
};

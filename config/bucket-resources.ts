import type { BucketSettings, GcsArtifacts, LifecycleRule } from './artifact-settings.ts';

/** What a bucket is for. */
export type BucketPurpose = keyof GcsArtifacts['buckets'];

/** A bucket as the JSON API takes it (cloud.google.com/storage/docs/json_api/v1/buckets). */
export interface BucketResource {
  readonly name: string;
  readonly location: string;
  readonly storageClass: 'STANDARD';
  readonly labels: Readonly<Record<string, string>>;
  readonly iamConfiguration: { readonly uniformBucketLevelAccess: { readonly enabled: true }; readonly publicAccessPrevention: 'enforced' };
  readonly versioning: { readonly enabled: boolean };
  readonly lifecycle: { readonly rule: readonly object[] };
}

/**
 * The buckets that the settings name, as they are to be: access by IAM alone, nothing public, location, labels and lifecycle from the settings. The bootstrap script makes them, and the
 * tests hold them against the requests that are sent.
 */
export function bucketResources(settings: GcsArtifacts): Readonly<Record<BucketPurpose, BucketResource>> {
  const resource = ({ name, versioning, lifecycle }: BucketSettings): BucketResource => ({
    name,
    location: settings.location.toUpperCase(),
    storageClass: 'STANDARD',
    labels: settings.labels,
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: 'enforced' },
    versioning: { enabled: versioning },
    lifecycle: { rule: [...lifecycle.map(lifecycleRule), ABANDONED_UPLOADS] },
  });
  const { data, artifacts, logs } = settings.buckets;
  return { data: resource(data), artifacts: resource(artifacts), logs: resource(logs) };
}

/** Parts of uploads that nobody ended are paid for, and shown nowhere. */
const ABANDONED_UPLOADS = { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 7 } };
/** From the dearest to keep to the cheapest: an object moves one way only. */
const CLASSES = ['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE'];

/** cloud.google.com/storage/docs/lifecycle#configuration */
function lifecycleRule(rule: LifecycleRule): object {
  const matches = rule.prefix === undefined ? {} : { matchesPrefix: [rule.prefix] };
  if ('noncurrent_days' in rule) return { action: { type: 'Delete' }, condition: { daysSinceNoncurrentTime: rule.noncurrent_days, isLive: false, ...matches } };
  if (rule.action === 'delete') return { action: { type: 'Delete' }, condition: { age: rule.age_days, ...matches } };
  const storageClass = rule.action.toUpperCase();
  return { action: { type: 'SetStorageClass', storageClass }, condition: { age: rule.age_days, matchesStorageClass: CLASSES.slice(0, CLASSES.indexOf(storageClass)), ...matches } };
}

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
  const resource = (purpose: BucketPurpose, { name, versioning, lifecycle }: BucketSettings): BucketResource => ({
    name,
    location: settings.location.toUpperCase(),
    storageClass: 'STANDARD',
    labels: { ...settings.labels, purpose },
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: 'enforced' },
    versioning: { enabled: versioning },
    lifecycle: { rule: lifecycle.map(lifecycleRule) },
  });
  const { data, artifacts, logs } = settings.buckets;
  return { data: resource('data', data), artifacts: resource('artifacts', artifacts), logs: resource('logs', logs) };
}

/** cloud.google.com/storage/docs/lifecycle#configuration */
function lifecycleRule(rule: LifecycleRule): object {
  const matches = rule.prefix === undefined ? {} : { matchesPrefix: [rule.prefix] };
  if ('noncurrent_days' in rule) return { action: { type: 'Delete' }, condition: { daysSinceNoncurrentTime: rule.noncurrent_days, isLive: false, ...matches } };
  const action = rule.action === 'delete' ? { type: 'Delete' } : { type: 'SetStorageClass', storageClass: rule.action.toUpperCase() };
  return { action, condition: { age: rule.age_days, ...matches } };
}

import { defaulted, object, optional, required, type ObjectOf } from '../validation/object.ts';
import { choice, number, type Shape } from '../validation/shape.ts';
import { REDIS_SERVICES } from './price-list.ts';

const amount = number({ min: 0 });
const size = number({ above: 0 });

/**
 * A Cloud Run service. Billed by `request`: for the hours in which it answers; by `instance`: for the hours in which an instance lives, which follow from the predictions where they are not given.
 */
const service = object({ vcpu: required(size), gib: required(size), billing: defaulted(choice(['request', 'instance']), 'request'), hours: optional(amount) });

/** What an estimate takes for granted; every value can be given in a YAML file, and what is left out has the value here. Amounts are of one month. */
const fields = {
  predictions: defaulted(amount, 1_000),
  /** How long a request to the API is billed. Predictions that are made at once share an instance, which makes this too much rather than too little. */
  prediction_seconds: defaulted(size, 0.1),
  /** Rows in the online store: entities of all views together. */
  online_keys: defaulted(amount, 100_000),
  /** Bytes that BigQuery processes for one run; a dry run tells them (docs/cost.md). */
  training_bytes: defaulted(amount, 10e9),
  materialization_bytes: defaulted(amount, 1e9),
  /** All bytes of the month, in place of bytes times runs. */
  query_bytes: optional(amount),
  warehouse_gib: defaulted(amount, 10),
  /** Read as Arrow by trainings and materializations together. */
  read_gib: defaulted(amount, 50),
  pushed_gib: defaulted(amount, 1),
  artifacts_gib: defaulted(amount, 10),
  artifact_writes: defaulted(amount, 10_000),
  artifact_reads: defaulted(amount, 50_000),
  egress_gib: defaulted(amount, 1),
  log_gib: defaulted(amount, 1),
  spans: defaulted(amount, 100_000),
  image_gib: defaulted(amount, 1.5),
  secrets: defaulted(amount, 6),
  redis: defaulted(choice(REDIS_SERVICES), 'redis_cloud_essentials'),
  /** Without its collector, as are the workers. */
  api: defaulted(service, { vcpu: 1, gib: 2, billing: 'instance' }),
  mlflow: defaulted(service, { vcpu: 2, gib: 4, billing: 'request', hours: 20 }),
  mlflow_database_gib: defaulted(amount, 10),
  workers: defaulted(object({ instances: required(amount), vcpu: required(size), gib: required(size) }), { instances: 1, vcpu: 1, gib: 2 }),
  /** Beside each instance of the API and each worker (docs/telemetry.md). */
  collector: defaulted(object({ vcpu: required(amount), gib: required(amount) }), { vcpu: 0.1, gib: 0.25 }),
  /** Values of metrics that are sent: some 230 series once a minute. */
  metric_samples: defaulted(amount, 10e6),
  temporal: defaulted(choice(['temporal_cloud', 'self_hosted']), 'temporal_cloud'),
  /** Counted in recorded runs (24 and 21 of them), with heartbeats and what the schedule itself does. */
  training_actions: defaulted(amount, 60),
  materialization_actions: defaulted(amount, 40),
  temporal_active_gb: defaulted(amount, 0.1),
  temporal_retained_gb: defaulted(amount, 0.5),
  temporal_disk_gib: defaulted(amount, 20),
  /** US dollars a month that this recipe may cost. */
  budget: optional(amount),
} as const;

export type Assumptions = ObjectOf<typeof fields>;
export const assumptions: Shape<Assumptions> = object(fields);

import { PipelineError } from '../errors.ts';
import type { Assumptions } from './assumptions.ts';
import { plain, priced, type CostLine } from './lines.ts';
import type { Price, PriceList, RedisPlan } from './price-list.ts';
import type { MonthlyRuns } from './runs-per-month.ts';

const HOURS = 730;
const IDLE_HOURS = 0.25;
const TIB = 2 ** 40;
/** Measured in Redis with Feast's layout: about 330 bytes for a key with ten features (docs/online-layout.md). */
const BYTES_PER_KEY_AND_FEATURE = 33;

export interface Usage {
  readonly recipe: string;
  /** Features that the recipe's model reads online. */
  readonly features: number;
  readonly runs: MonthlyRuns;
  readonly assumptions: Assumptions;
}

export interface CostEstimate {
  readonly recipe: string;
  readonly pricesAsOf: string;
  readonly lines: readonly CostLine[];
  /** US dollars a month; `fixedUsd`: the part that is paid when nothing runs, too. */
  readonly totalUsd: number;
  readonly fixedUsd: number;
  readonly budgetUsd?: number;
}

/** What one recipe costs in a month, by service. INVALID_INPUT when no plan of the Redis service holds the keys. */
export function estimateCost(prices: PriceList, usage: Usage): CostEstimate {
  const lines = [...bigquery(prices, usage), redis(prices, usage), ...cloudRun(prices, usage), ...workers(prices, usage), ...mlflowDatabase(prices, usage), ...storage(prices, usage), ...rest(prices, usage), ...temporal(prices, usage)];
  const sum = (of: readonly CostLine[]): number => of.reduce((total, { usd }) => total + usd, 0);
  const { budget } = usage.assumptions;
  return { recipe: usage.recipe, pricesAsOf: prices.as_of, lines, totalUsd: sum(lines), fixedUsd: sum(lines.filter(({ fixed }) => fixed)), ...(budget === undefined ? {} : { budgetUsd: budget }) };
}

function bigquery({ prices }: PriceList, { runs, assumptions: given }: Usage): readonly CostLine[] {
  const bytes = given.query_bytes ?? runs.trainings * given.training_bytes + runs.materializations * given.materialization_bytes;
  const of = given.query_bytes === undefined ? `${plain(runs.trainings)} trainings of ${plain(given.training_bytes / 1e9)} GB, ${plain(runs.materializations)} materializations of ${plain(given.materialization_bytes / 1e9)} GB` : `${plain(bytes / 1e12)} TB`;
  return [
    priced('BigQuery', 'queries', bytes / TIB, prices.bigquery_query, { of }),
    priced('BigQuery', 'storage', given.warehouse_gib, prices.bigquery_storage, { fixed: true }),
    priced('BigQuery', 'reading results', given.read_gib / 1024, prices.bigquery_storage_read),
    priced('BigQuery', 'streaming ingestion', given.pushed_gib, prices.bigquery_storage_write),
  ];
}

function redis({ redis_plans: plans }: PriceList, { features, assumptions: { online_keys: keys, redis: service } }: Usage): CostLine {
  const megabytes = (keys * features * BYTES_PER_KEY_AND_FEATURE) / 1e6;
  const sizes: readonly RedisPlan[] = [...plans[service]].sort((a, b) => a.megabytes - b.megabytes);
  const plan = sizes.find((size) => size.megabytes >= megabytes);
  const need = `${plain(keys)} keys x ${features} features x ${BYTES_PER_KEY_AND_FEATURE} bytes = ${plain(megabytes)} MB`;
  if (plan === undefined) throw new PipelineError('INVALID_INPUT', `No plan of ${service} in the price file holds the online store: ${need}, and the largest has ${plain(sizes.at(-1)!.megabytes)} MB. Add its price to the file, or choose another service (redis) in the assumptions.`);
  return { service: 'Redis', item: service, working: `${need}: plan of ${plain(plan.megabytes)} MB`, usd: plan.usd, fixed: true };
}

/** The API, with its collector, and MLflow share what is free. */
function cloudRun({ prices }: PriceList, { assumptions: given }: Usage): readonly CostLine[] {
  const { collector } = given;
  const api = { ...given.api, name: 'API', vcpu: given.api.vcpu + collector.vcpu, gib: given.api.gib + collector.gib, hours: apiHours(given) };
  const mlflow = { ...given.mlflow, name: 'MLflow', hours: given.mlflow.hours ?? 0 };
  const billed = (billing: 'request' | 'instance', cpu: Price, memory: Price): readonly CostLine[] => {
    const services = [api, mlflow].filter((service) => service.billing === billing);
    if (services.length === 0) return [];
    const seconds = (of: 'vcpu' | 'gib'): number => services.reduce((total, service) => total + service.hours * 3600 * service[of], 0);
    const of = services.map(({ name, hours, vcpu, gib }) => `${name} ${plain(hours)} h x ${plain(vcpu)} vCPU, ${plain(gib)} GiB`).join('; ');
    return [priced('Cloud Run', `vCPU, by ${billing}`, seconds('vcpu'), cpu, { of }), priced('Cloud Run', `memory, by ${billing}`, seconds('gib'), memory)];
  };
  return [
    ...billed('request', prices.cloud_run_request_cpu, prices.cloud_run_request_memory),
    ...billed('instance', prices.cloud_run_instance_cpu, prices.cloud_run_instance_memory),
    priced('Cloud Run', 'requests', given.predictions / 1e6, prices.cloud_run_requests),
  ];
}

/**
 * Hours for which the API is billed. By request: those in which it answers, beside any that are given. By instance: an instance stays for up to 15 minutes after its last request
 * (https://cloud.google.com/run/docs/about-instance-autoscaling), so with requests at random times one lives for 1 - e^(-requests in 15 minutes) of the month; and never for less than it answers.
 */
function apiHours({ api, predictions, prediction_seconds: seconds }: Assumptions): number {
  const busy = (predictions * seconds) / 3600;
  return api.billing === 'request' ? (api.hours ?? 0) + busy : (api.hours ?? Math.max(busy, HOURS * -Math.expm1((-predictions / HOURS) * IDLE_HOURS)));
}

function workers({ prices }: PriceList, { assumptions: { workers: { instances, vcpu, gib }, collector } }: Usage): readonly CostLine[] {
  const seconds = instances * HOURS * 3600;
  const [cpus, memory] = [vcpu + collector.vcpu, gib + collector.gib];
  const of = `${plain(instances)} x ${plain(cpus)} vCPU, ${plain(memory)} GiB, ${HOURS} h`;
  return [priced('Worker pool', 'vCPU', seconds * cpus, prices.worker_pool_cpu, { fixed: true, of }), priced('Worker pool', 'memory', seconds * memory, prices.worker_pool_memory, { fixed: true })];
}

function mlflowDatabase({ prices }: PriceList, { assumptions: { mlflow_database_gib: gib } }: Usage): readonly CostLine[] {
  return [priced('Cloud SQL', 'MLflow\'s database', HOURS, prices.cloud_sql_instance, { fixed: true }), priced('Cloud SQL', 'storage', gib, prices.cloud_sql_storage, { fixed: true })];
}

function storage({ prices }: PriceList, { assumptions: given }: Usage): readonly CostLine[] {
  return [
    priced('Cloud Storage', 'storage', given.artifacts_gib, prices.storage, { fixed: true }),
    priced('Cloud Storage', 'writes', given.artifact_writes / 1e3, prices.storage_class_a),
    priced('Cloud Storage', 'reads', given.artifact_reads / 1e3, prices.storage_class_b),
  ];
}

function rest({ prices }: PriceList, { assumptions: given }: Usage): readonly CostLine[] {
  return [
    priced('Network', 'to the internet', given.egress_gib, prices.egress),
    priced('Logging', 'logs', given.log_gib, prices.logging),
    priced('Logging', 'traces', given.spans / 1e6, prices.traces),
    priced('Monitoring', 'metrics', given.metric_samples / 1e6, prices.metric_samples),
    priced('Artifact Registry', 'image', given.image_gib, prices.artifact_registry, { fixed: true }),
    priced('Secret Manager', 'versions', given.secrets, prices.secret_versions, { fixed: true }),
  ];
}

function temporal({ prices }: PriceList, { runs, assumptions: given }: Usage): readonly CostLine[] {
  if (given.temporal === 'self_hosted') return [priced('Temporal', 'own machine', HOURS, prices.temporal_machine, { fixed: true }), priced('Temporal', 'disk', given.temporal_disk_gib, prices.temporal_disk, { fixed: true })];
  const actions = runs.trainings * given.training_actions + runs.materializations * given.materialization_actions;
  const used = [
    priced('Temporal', 'actions', actions / 1e6, prices.temporal_actions),
    priced('Temporal', 'running histories', given.temporal_active_gb * HOURS, prices.temporal_active_storage, { fixed: true }),
    priced('Temporal', 'kept histories', given.temporal_retained_gb * HOURS, prices.temporal_retained_storage, { fixed: true }),
  ];
  const usage = used.reduce((total, { usd }) => total + usd, 0);
  return [...used, priced('Temporal', 'plan', usage, prices.temporal_plan)];
}

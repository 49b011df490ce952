import { defaulted, object, optional, required, type ObjectOf } from '../validation/object.ts';
import { choice, list, number, refuse, show, text, type Shape } from '../validation/shape.ts';

/** How well a price is known: on the provider's page, quoted by others from it, or taken as its note says. */
export const BASES = ['page', 'secondary', 'assumption'] as const;

const date: Shape<string> = (value, spot) => (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : refuse(spot, `is ${show(value)}, not a day such as 2026-11-23`));
const origin = { source: required(text({ pattern: /^https:\/\//, means: 'the address of a page (https://...)' })), read: required(date), basis: required(choice(BASES)), note: optional(text()) };

/** US dollars for one unit; the first `free` units of a month cost nothing. */
function priceShape<const U extends string>(unit: U): Shape<Price> {
  return object({ usd: required(number({ min: 0 })), per: required(choice([unit])), free: defaulted(number({ min: 0 }), 0), region: required(text()), ...origin });
}

export interface Price {
  readonly usd: number;
  readonly per: string;
  readonly free: number;
  readonly region: string;
  readonly source: string;
  readonly read: string;
  readonly basis: (typeof BASES)[number];
  readonly note?: string;
}

const plan = object({ megabytes: required(number({ above: 0 })), usd: required(number({ min: 0 })), ...origin });
/** Megabytes of 10^6 bytes, US dollars a month. */
export type RedisPlan = ReturnType<typeof plan>;
const plans = required(list(plan, { min: 1 }));

/** What is billed, with the unit that its price is for. TiB, GiB: powers of two; GB: of ten, as its provider bills it. */
const UNITS = {
  bigquery_query: 'TiB',
  bigquery_storage: 'GiB-month',
  bigquery_storage_read: 'TiB',
  bigquery_storage_write: 'GiB',
  cloud_run_request_cpu: 'vCPU-second',
  cloud_run_request_memory: 'GiB-second',
  cloud_run_requests: 'million',
  cloud_run_instance_cpu: 'vCPU-second',
  cloud_run_instance_memory: 'GiB-second',
  worker_pool_cpu: 'vCPU-second',
  worker_pool_memory: 'GiB-second',
  cloud_sql_instance: 'hour',
  cloud_sql_storage: 'GiB-month',
  storage: 'GiB-month',
  storage_class_a: 'thousand',
  storage_class_b: 'thousand',
  egress: 'GiB',
  logging: 'GiB',
  traces: 'million',
  metric_samples: 'million',
  artifact_registry: 'GiB-month',
  secret_versions: 'version-month',
  temporal_actions: 'million',
  temporal_active_storage: 'GB-hour',
  temporal_retained_storage: 'GB-hour',
  temporal_plan: 'dollar of usage',
  temporal_machine: 'hour',
  temporal_disk: 'GiB-month',
} as const;
export type PriceName = keyof typeof UNITS;

export const REDIS_SERVICES = ['redis_cloud_essentials', 'redis_cloud_pro', 'memorystore_basic'] as const;
export type RedisService = (typeof REDIS_SERVICES)[number];

const prices = object(Object.fromEntries(Object.entries(UNITS).map(([name, unit]) => [name, required(priceShape(unit))]))) as unknown as Shape<Readonly<Record<PriceName, Price>>>;
const fields = {
  as_of: required(date),
  currency: required(choice(['USD'])),
  prices: required(prices),
  redis_plans: required(object({ redis_cloud_essentials: plans, redis_cloud_pro: plans, memorystore_basic: plans })),
};

/** A dated file of prices, every one with unit, region, page and the day on which it was read. */
export type PriceList = ObjectOf<typeof fields>;
export const priceList: Shape<PriceList> = object(fields);

/** US dollars for a TiB (2^40 bytes) that BigQuery processes on demand, once the month's free TiB is used up. */
export function pricePerTib({ prices: { bigquery_query: query } }: PriceList): number {
  return query.usd;
}

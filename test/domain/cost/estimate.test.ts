import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { chosenSchedules } from '../../../cli/commands/cost/schedules.ts';
import { loadCostBasis, type CostBasis } from '../../../config/cost-basis.ts';
import type { Assumptions } from '../../../domain/cost/assumptions.ts';
import { estimateCost } from '../../../domain/cost/estimate.ts';
import { runsPerMonth } from '../../../domain/cost/runs-per-month.ts';
import type { ScheduleDefinition } from '../../../domain/schedules/definition.ts';
import { ROOT } from '../../cli/command.ts';

const RECIPE = 'models/classification/random_forest_classifier';
const FROM = Date.parse('2026-11-23') / 1000;

describe('An estimate of costs', () => {
  let basis: CostBasis;
  before(async () => {
    basis = await loadCostBasis(ROOT, RECIPE);
  });
  const estimated = (schedules: readonly string[], changes: Partial<Assumptions> = {}) => {
    const runs = runsPerMonth(chosenSchedules(schedules, {}, RECIPE), RECIPE, FROM);
    const { lines, ...sums } = estimateCost(basis.prices, { recipe: RECIPE, features: basis.features, runs, assumptions: { ...basis.assumptions, ...changes } });
    const of = (service: string): number => lines.filter((line) => line.service === service).reduce((sum, { usd }) => sum + usd, 0);
    return { ...sums, lines, of };
  };

  it('counts the worker pool and Temporal also where nothing runs, and says which part is fixed', () => {
    const { of, fixedUsd, totalUsd, lines } = estimated(['trainModel=@yearly'], { predictions: 0, online_keys: 0 });
    assert.ok(of('Worker pool') > 30 && of('Temporal') > 0);
    assert.ok(fixedUsd > 30 && fixedUsd <= totalUsd);
    assert.ok(Math.abs(lines.reduce((sum, { usd }) => sum + usd, 0) - totalUsd) < 1e-9);
    assert.ok(estimated([], { temporal: 'self_hosted' }).of('Temporal') > 10);
  });

  it('grows with schedules, bytes, predictions and keys', () => {
    const few = estimated(['trainModel=@monthly'], { training_bytes: 4e12 });
    const many = estimated(['trainModel=@daily'], { training_bytes: 4e12, predictions: 900_000_000, online_keys: 1_500_000 });
    assert.ok(Math.abs(few.of('BigQuery') - (4e12 / 2 ** 40 - 1) * 6.25) < 0.01);
    assert.ok(many.of('BigQuery') > 25 * few.of('BigQuery'));
    assert.ok(many.of('Cloud Run') > 1000 && few.of('Cloud Run') < 30);
    assert.ok(many.of('Redis') > few.of('Redis'));
  });

  it('bills the API by the hours in which an instance lives: none without requests, 15 minutes after one alone, the month at most, or what it is told', () => {
    const hours = (changes: Partial<Assumptions>): number => {
      const seconds = /^([\d,.]+) vCPU-second/.exec(estimated([], { collector: { vcpu: 0, gib: 0 }, ...changes }).lines.find(({ item }) => item === 'vCPU, by instance')!.working);
      return seconds === null ? 0 : Number(seconds[1]!.replaceAll(',', '')) / 3600;
    };
    assert.equal(hours({ predictions: 0 }), 0);
    assert.ok(Math.abs(hours({ predictions: 10 }) - 2.5) < 0.01, 'far apart: a quarter of an hour each');
    assert.ok(Math.abs(hours({ predictions: 1_000 }) - 730 * (1 - Math.exp(-250 / 730))) < 0.01);
    assert.ok(Math.abs(hours({ predictions: 100_000 }) - 730) < 0.01);
    assert.equal(hours({ predictions: 1_000, api: { vcpu: 1, gib: 2, billing: 'instance', hours: 730 } }), 730);
    const always = estimated([], { collector: { vcpu: 0, gib: 0 }, mlflow: { vcpu: 2, gib: 4, billing: 'request', hours: 0 }, api: { vcpu: 1, gib: 2, billing: 'instance', hours: 730 } });
    assert.ok(Math.abs(always.of('Cloud Run') - ((730 * 3600 - 240_000) * 0.000018 + (730 * 3600 * 2 - 450_000) * 0.000002)) < 1e-6);
  });

  it('bills by request what is billed so', () => {
    const asked = estimated([], { predictions: 36_000_000, api: { vcpu: 1, gib: 2, billing: 'request' }, mlflow: { vcpu: 2, gib: 4, billing: 'request', hours: 0 }, collector: { vcpu: 0, gib: 0 } });
    assert.ok(Math.abs(asked.of('Cloud Run') - ((3_600_000 - 180_000) * 0.000024 + (7_200_000 - 360_000) * 0.0000025 + 34 * 0.4)) < 1e-6);
  });

  it('takes for granted what deploy/ makes: sizes, collectors, how services are billed, the database', () => {
    const { api, mlflow, workers, collector } = basis.assumptions;
    const containers = (name: string): readonly { readonly resources: { readonly limits: { readonly cpu: string; readonly memory: string } } }[] => (parse(readFileSync(join(ROOT, 'deploy', 'services', `${name}.yaml`), 'utf8')) as { readonly spec: { readonly template: { readonly spec: { readonly containers: never } } } }).spec.template.spec.containers;
    const size = ({ resources: { limits } }: ReturnType<typeof containers>[number]): object => ({ vcpu: limits.cpu.endsWith('m') ? Number.parseInt(limits.cpu, 10) / 1000 : Number(limits.cpu), gib: Number.parseInt(limits.memory, 10) / (limits.memory.endsWith('Mi') ? 1024 : 1) });
    assert.deepEqual(size(containers('api')[0]!), { vcpu: api.vcpu, gib: api.gib });
    assert.deepEqual(size(containers('mlflow')[0]!), { vcpu: mlflow.vcpu, gib: mlflow.gib });
    for (const name of ['api', 'worker']) assert.deepEqual(size(containers(name)[1]!), collector, name);
    for (const [name, { billing }] of Object.entries({ api, mlflow })) assert.equal(/cpu-throttling: 'false'/.test(readFileSync(join(ROOT, 'deploy', 'services', `${name}.yaml`), 'utf8')) ? 'instance' : 'request', billing, name);
    const settings = readFileSync(join(ROOT, 'deploy', 'steps', 'settings.sh'), 'utf8');
    const value = (name: string): string => new RegExp(`\\b${name}=(\\S+)`).exec(settings)![1]!;
    assert.deepEqual([Number(value('WORKER_INSTANCES')), Number(value('WORKER_CPU')), value('WORKER_MEMORY')], [workers.instances, workers.vcpu, `${workers.gib}Gi`]);
    assert.ok(basis.prices.prices.cloud_sql_instance.note?.includes(value('SQL_TIER')));
  });

  it('takes the smallest plan that holds the keys, and refuses more keys than the largest holds', () => {
    const plans = (service: Assumptions['redis'], keys: number): number => estimated([], { redis: service, online_keys: keys }).of('Redis');
    assert.deepEqual([plans('redis_cloud_essentials', 100), plans('redis_cloud_pro', 100), plans('memorystore_basic', 100)], [5, 200, 35.77]);
    assert.throws(() => plans('redis_cloud_essentials', 900_000_000), { code: 'INVALID_INPUT', message: /No plan of redis_cloud_essentials .* the largest has 5,000 MB/ });
  });

  it('counts how often schedules are due in a year, of trainings those of the recipe alone', () => {
    const schedule = (workflow: ScheduleDefinition['workflow'], cron: string, input: object = {}): ScheduleDefinition => ({ workflow, cron, input: { ...input }, time_zone: 'Europe/Berlin', overlap: 'buffer_one', catchup_window: '7d', pause_on_failure: false });
    const runs = runsPerMonth([schedule('trainModel', '@daily', { recipe: RECIPE }), schedule('trainModel', '@hourly', { recipe: 'models/other' }), schedule('materializeFeatures', '@every 6h'), schedule('backfillFeatures', '0 3 1 * *')], RECIPE, FROM);
    assert.deepEqual([runs.trainings, runs.materializations], [365 / 12, (365 * 4) / 12 + 1]);
  });

  it('takes declared schedules by name, all of them where none is named, and refuses what is none, with every problem', () => {
    const declared = { retrain: { workflow: 'trainModel', cron: '@weekly', input: { recipe: `recipes/${RECIPE}.yaml` }, time_zone: 'UTC', overlap: 'skip', catchup_window: '7d', pause_on_failure: false } as const };
    for (const wanted of [undefined, ['retrain']]) assert.ok(runsPerMonth(chosenSchedules(wanted, declared, RECIPE), RECIPE, FROM).trainings > 4);
    assert.throws(() => chosenSchedules(['retrains', 'trainModels=@daily', 'trainModel=61 * * * *'], declared, RECIPE), { code: 'INVALID_INPUT', message: /"retrains", which is not declared[^]*Did you mean "retrain"[^]*Did you mean "trainModel"[^]*minute "61"/ });
  });
});

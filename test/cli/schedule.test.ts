import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { PipelineError } from '../../domain/errors.ts';
import { createFixtureProject, fixtureRecipe, type FixtureProject } from '../support/fixture-project.ts';
import { connectClient, startTestWorker } from '../support/temporal.ts';
import { until } from '../support/worker-process.ts';
import { runCommand, type Finished } from './command.ts';

interface Shown {
  readonly name: string;
  readonly paused: boolean;
  readonly declared: boolean;
  readonly input: object;
  readonly cron: string;
  readonly time_zone: string;
  readonly overlap: string;
  readonly catchup_seconds: number;
  readonly next: readonly string[];
  readonly note: string;
}

describe('ml-pipeline schedule', function () {
  this.timeout(180_000);
  let project: FixtureProject;
  let client: Client;
  let close: () => Promise<void>;
  const suffix = randomBytes(5).toString('hex');
  const id = (name: string): string => `${name}-${suffix}`;
  const schedule = (...args: readonly string[]): Promise<Finished> => runCommand(project.folder, 'schedule', ...args);
  const shown = async (name: string): Promise<Shown> => JSON.parse((await schedule('describe', id(name), '--json')).stdout) as Shown;
  const declare = async (schedules: Readonly<Record<string, object>>, changes: object = {}): Promise<void> => {
    const file = join(project.folder, 'config', 'environments', 'local.yaml');
    const settings = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...settings, ...changes, schedules: Object.fromEntries(Object.entries(schedules).map(([name, definition]) => [id(name), definition])) }));
  };
  const plan = async (...args: readonly string[]): Promise<readonly (readonly string[])[]> => {
    const { stdout, stderr } = await schedule('apply', '--json', ...args);
    const result = JSON.parse(stdout) as { changes?: readonly { action: string; name: string; detail: string }[]; unchanged: readonly string[] };
    assert.ok(result.changes, stdout + stderr);
    return [...result.changes.map(({ action, name, detail }) => [action, name, detail]), ...result.unchanged.map((name) => ['unchanged', name])];
  };

  before(async () => {
    project = await createFixtureProject();
    ({ client, close } = await connectClient(project.config.temporal.address));
  });

  after(async () => {
    for await (const { scheduleId } of client.schedule.list()) if (scheduleId.endsWith(suffix)) await client.schedule.getHandle(scheduleId).delete();
    await close();
    await project.remove();
  });

  it('create makes one, and says its time zone, its overlap policy and its catch-up window', async () => {
    const made = await schedule('create', id('weather'), '--cron', '15 */6 * * *', '--views', 'weather', '--time-zone', 'Asia/Seoul', '--description', 'for the flights');
    assert.equal(made.code, 0, made.stderr);
    for (const line of [/15 \*\/6 \* \* \*, time zone Asia\/Seoul/, /overlap +buffer_one/, /catch-up +7 d/, /next +\d{4}-\d\d-\d\dT(03|09|15|21):15:00Z/]) assert.match(made.stdout, line);
    const { action, policies, spec, memo } = await client.schedule.getHandle(id('weather')).describe();
    assert.deepEqual([action.workflowType, action.taskQueue, action.args, action.workflowId, action.staticSummary], ['materializeFeatures', project.config.temporal.task_queue, [{ incremental: true, views: ['weather'] }], `scheduled-${id('weather')}`, 'for the flights']);
    assert.deepEqual([policies.overlap, policies.catchupWindow, policies.pauseOnFailure, spec.timezone, spec.jitter ?? 0], ['BUFFER_ONE', 7 * 86_400_000, false, 'Asia/Seoul', 0]);
    assert.deepEqual(memo, { ml_pipeline: { project: project.config.project, task_queue: project.config.temporal.task_queue, declared: false } });
    const again = await schedule('create', id('weather'), '--cron', '@hourly');
    assert.equal(again.code, 2);
    assert.match(again.stderr, /exists already, made by `schedule create`.*schedule delete/);
  });

  it('list and describe show it, in the words that it was made with', async () => {
    await until(async () => (await schedule('list')).stdout.includes(id('weather')));
    assert.match((await schedule('list')).stdout, /weather-\w+ +active +15 \*\/6 \* \* \* +Asia\/Seoul +materializeFeatures +weather +buffer_one +7 d +- +2/);
    const { name, paused, declared, input, cron, time_zone, overlap, catchup_seconds, next } = await shown('weather');
    assert.deepEqual([name, paused, declared, input, cron, time_zone, overlap, catchup_seconds], [id('weather'), false, false, { incremental: true, views: ['weather'] }, '15 */6 * * *', 'Asia/Seoul', 'buffer_one', 604_800]);
    assert.ok(next.length > 2);
    assert.match((await schedule('describe', id('weather'))).stdout, /made by `schedule create`[\s\S]*for the flights[\s\S]*It has not run yet/);
  });

  it('refuses unknown names, cron expressions, zones, views, recipes and inputs, every problem at once, and makes nothing', async () => {
    const refusals: readonly (readonly [readonly string[], readonly RegExp[]])[] = [
      [['describe', id('wether')], [new RegExp(`There is no schedule.*Did you mean "${id('weather')}"`)]],
      [['create', id('x'), '--cron', '61 24 * * *', '--time-zone', 'Europe/Berln', '--overlap', 'buffer', '--catchup', '5s'], [/character 1: minute "61"/, /character 4: hour "24"/, /time_zone: .*Did you mean "Europe\/Berlin"/, /overlap: is "buffer".*Did you mean "buffer_one"/, /catchup_window: is "5s", less than 10s/]],
      [['create', 'a b', '--cron', '@hourly'], [/name: is "a b"/]],
      [['create', id('x'), '--cron', '0 0 31 2 *'], [/which no day of the calendar has/]],
      [['create', id('x'), '--cron', '@hourly', '--views', 'wether', '--input', '{"overlap_second": 5}'], [/input\.views: names wether, which is no online feature view of the registry\. Did you mean "weather"/, /input\.overlap_second: is not known here.*Did you mean "overlap_seconds"/]],
      [['create', id('x'), '--cron', '@hourly', '--workflow', 'trainModel', '--recipe', 'models/none'], [/input\.recipe: There is no recipe "models\/none"/]],
      [['create', id('x'), '--cron', '@hourly', '--views', 'weather', '--input', '{"end": "2199-01-01T00:00:00Z"}'], [/input\.end: is 2199-01-01T00:00:00Z, which is in the future/]],
      [['create', id('x'), '--cron', '@hourly', '--views', 'weather', '--input', '{"incremental": false, "start": "2013-11-02T00:00:00Z", "end": "2013-11-01T00:00:00Z"}'], [/input: The window of weather starts at 2013-11-02/]],
      [['create', id('x'), '--cron', '@hourly', '--workflow', 'backfillFeatures', '--views', 'wether', '--input', '{"start": "2013-11-01T00:00:00Z", "end": "2199-01-01T00:00:00Z"}'], [/input\.end: is 2199-01-01T00:00:00Z, which is in the future/]],
      [['create', id('x'), '--cron', '@hourly', '--workflow', 'backfillFeatures', '--views', 'wether', '--input', '{"start": "2013-11-01T00:00:00Z"}'], [/input\.views: names wether/]],
      [['create', id('x'), '--cron', '@daily'], [/key_ttl_seconds: Keys .* schedule "x-.*" lets up to 86400 s pass/]],
      [['create', id('x'), '--cron', '@hourly', '--input', '[1]'], [/not a JSON object/]],
      [['create', id('x'), '--cron', '@hourly', '--views', 'weather', '--input', '{"incremental": false, "start": "2013-11-02"}'], [/input\.start: is "2013-11-02", which has no time zone\b.*2013-11-02T00:00:00Z/]],
      [['backfill', id('weather'), '--from', '2026-01-02', '--to', '2026-01-03'], [/--from.*has no time zone/]],
      [['backfill', id('weather'), '--from', '2026-01-02T00:00:00Z', '--to', '2026-01-01T00:00:00Z'], [/nothing lies from/]],
      [['backfill', id('weather'), '--from', '2019-01-01T00:00:00Z', '--to', '2026-01-01T00:00:00Z'], [/more than 1000 runs/]],
    ];
    for (const [args, messages] of refusals) {
      const { code, stderr } = await schedule(...args);
      assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
      for (const message of messages) assert.match(stderr, message);
    }
    await assert.rejects(client.schedule.getHandle(id('x')).describe());
  });

  it('keeps its hands off schedules that were made by others', async () => {
    await client.schedule.create({ scheduleId: id('foreign'), spec: { intervals: [{ every: '1 day' }] }, action: { type: 'startWorkflow', workflowType: 'another', taskQueue: 'another' } });
    for (const command of [['pause'], ['trigger'], ['delete', '--yes'], ['describe']]) {
      const { code, stderr } = await schedule(command[0]!, id('foreign'), ...command.slice(1));
      assert.equal(code, 2);
      assert.match(stderr, /was not made for project/);
    }
    await declare({ foreign: { cron: '@hourly' }, weather: { cron: '@hourly' } });
    const { code, stderr } = await schedule('apply');
    assert.equal(code, 2);
    assert.match(stderr, /foreign-\w+: exists already in this namespace[\s\S]*weather-\w+: exists already, made by `schedule create`/);
  });

  it('pause and resume keep the note', async () => {
    assert.match((await schedule('pause', id('weather'), '--note', 'moving')).stdout, /is paused[\s\S]*paused +moving/);
    assert.deepEqual([(await shown('weather')).paused, (await shown('weather')).note], [true, 'moving']);
    assert.match((await schedule('resume', id('weather'))).stdout, /is active/);
  });

  it('trigger starts it by its own policy: a second run waits, or is dropped; the first counts as under way', async () => {
    const first = JSON.parse((await schedule('trigger', id('weather'), '--json')).stdout) as { outcome: string; workflow_id: string };
    assert.equal(first.outcome, 'started');
    assert.match(first.workflow_id, new RegExp(`^scheduled-${id('weather')}-2\\d{3}-`));
    assert.match((await schedule('trigger', id('weather'), '--overlap', 'skip')).stdout, /Not started: a run is under way/);
    assert.match((await schedule('trigger', id('weather'))).stdout, /It waits until/);
    assert.match((await schedule('describe', id('weather'))).stdout, /1 run, 1 dropped by overlap[\s\S]*running/);
    await client.workflow.getHandle(first.workflow_id).terminate();
    await until(async () => (await client.schedule.getHandle(id('weather')).describe()).info.numActionsTaken === 2);
    for (const { workflow } of (await client.schedule.getHandle(id('weather')).describe()).info.runningActions) await client.workflow.getHandle(workflow.workflowId).terminate();
  });

  it('describe says of a run that failed why it did', async () => {
    await schedule('create', id('failing'), '--cron', '0 * * * *', '--views', 'weather', '--paused');
    const { workflow_id: workflowId } = JSON.parse((await schedule('trigger', id('failing'), '--json')).stdout) as { workflow_id: string };
    const worker = await startTestWorker(project, { ports: { clock: { now: () => { throw new PipelineError('INVALID_DATA', 'The clock has stopped.'); } } } });
    try {
      await assert.rejects(client.workflow.getHandle(workflowId).result());
    } finally {
      await worker.stop();
    }
    const { stdout } = await schedule('describe', id('failing'));
    assert.match(stdout, new RegExp(`failed[\\s\\S]*${workflowId}: The clock has stopped\\.`));
  });

  it('backfill takes each run of a past time, both ends included', async () => {
    await schedule('create', id('past'), '--cron', '0 * * * *', '--views', 'weather', '--paused');
    const { stdout } = await schedule('backfill', id('past'), '--from', '2026-01-01T01:00:00Z', '--to', '2026-01-01T03:00:00Z', '--overlap', 'buffer_all');
    assert.match(stdout, /Asked for 3 runs/);
    const handle = client.schedule.getHandle(id('past'));
    for (const hour of [1, 2, 3]) {
      const workflow = client.workflow.getHandle(`scheduled-${id('past')}-2026-01-01T0${hour}:00:00Z`);
      await until(() => workflow.describe().then(() => true, () => false));
      assert.equal((await handle.describe()).info.runningActions.length, 1);
      await workflow.terminate();
    }
  });

  it('delete asks, or needs --yes', async () => {
    const { code, stderr } = await schedule('delete', id('past'));
    assert.equal(code, 2);
    assert.match(stderr, /Add --yes/);
    assert.equal((await schedule('delete', id('past'), '--yes')).code, 0);
    await assert.rejects(client.schedule.getHandle(id('past')).describe());
  });

  it('apply makes what is declared, with a plan, and finds nothing to do the second time', async () => {
    const night = { cron: '0 */8 * * *', time_zone: 'Europe/Berlin', input: { views: ['weather', 'plane_stats'] }, overlap: 'skip', catchup_window: '3d', pause_on_failure: true };
    await declare({ night, often: { cron: '@every 30m' }, retrain: { workflow: 'trainModel', cron: '0 3 * * mon', input: { recipe: 'forest' } } });
    await project.writeRecipe('forest', fixtureRecipe());
    const planned = await plan('--dry-run');
    assert.deepEqual(planned, [['create', id('night'), 'materializeFeatures at "0 */8 * * *" Europe/Berlin'], ['create', id('often'), 'materializeFeatures at "@every 30m"'], ['create', id('retrain'), 'trainModel at "0 3 * * mon" UTC']]);
    await assert.rejects(client.schedule.getHandle(id('night')).describe(), 'a dry run makes nothing');
    assert.deepEqual(await plan(), planned);
    assert.deepEqual(await plan(), [['unchanged', id('night')], ['unchanged', id('often')], ['unchanged', id('retrain')]]);
    const { cron, overlap, catchup_seconds, declared } = await shown('night');
    assert.deepEqual([cron, overlap, catchup_seconds, declared], ['0 */8 * * *', 'skip', 3 * 86_400, true]);
  });

  it('apply makes nothing where one of the schedules would fail each time: the recipe by its query and features, the views by the registry', async () => {
    await project.writeRecipe('misfit', fixtureRecipe({ sections: { augmenter: { type: 'feature_store', feature_service: 'flight_delay_v9', request_columns: ['distance', 'hour'] } } }));
    await declare({ new: { cron: '@every 30m' }, unknown: { cron: '@every 30m', input: { views: ['wether'] } }, misfit: { workflow: 'trainModel', cron: '0 3 * * mon', input: { recipe: 'misfit' } } });
    for (const args of [['--dry-run'], []]) {
      const { code, stderr } = await schedule('apply', ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /unknown-\w+\.input\.views: names wether.*Did you mean "weather"/);
      assert.match(stderr, /misfit-\w+\.input\.recipe: recipes\/misfit does not fit its query/);
      assert.match(stderr, /misfit-\w+\.input\.recipe: augmenter\.feature_service \(line \d+, column \d+\): There is no feature service "flight_delay_v9"\. Did you mean/);
    }
    await assert.rejects(client.schedule.getHandle(id('new')).describe());
  });

  it('apply changes what differs, also what was changed by hand; a paused schedule stays paused', async () => {
    await schedule('pause', id('night'), '--note', 'for now');
    await declare({ night: { cron: '0 */4 * * *', input: { views: ['weather'] } }, often: { cron: '@every 30m' }, retrain: { workflow: 'trainModel', cron: '0 3 * * mon', input: { recipe: 'forest' } } });
    await client.schedule.getHandle(id('often')).update((now) => ({ ...now, spec: { intervals: [{ every: '2 hours' }] }, policies: { ...now.policies, overlap: ScheduleOverlapPolicy.ALLOW_ALL } }));
    const changes = await plan();
    assert.deepEqual(changes[0]!.slice(0, 2), ['change', id('night')]);
    for (const part of ['cron "0 */8 * * *" -> "0 */4 * * *"', 'input {"incremental":true,"views":["weather","plane_stats"]} -> {"incremental":true,"views":["weather"]}', 'time zone Europe/Berlin -> UTC', 'overlap skip -> buffer_one', 'catch-up 259200s -> 604800s', 'pause on failure true -> false', 'it stays paused']) assert.ok(changes[0]![2]!.includes(part), changes[0]![2]);
    assert.deepEqual(changes[1], ['change', id('often'), 'cron "@every 7200s" -> "@every 30m", overlap allow_all -> buffer_one']);
    const { paused, note, cron } = await shown('night');
    assert.deepEqual([paused, note, cron], [true, 'for now', '0 */4 * * *']);
    assert.deepEqual((await plan()).map(([action]) => action), ['unchanged', 'unchanged', 'unchanged']);
  });

  it('apply removes only what an apply made, and needs --yes for it', async () => {
    await declare({ often: { cron: '@every 30m' } });
    const refused = await schedule('apply');
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /would be removed[\s\S]*schedule night-[\s\S]*schedule retrain-/);
    assert.deepEqual((await plan('--yes')).map(([action, name]) => [action, name]), [['remove', id('night')], ['remove', id('retrain')], ['unchanged', id('often')]]);
    await assert.rejects(client.schedule.getHandle(id('night')).describe());
    assert.deepEqual([(await shown('weather')).declared, (await shown('often')).declared], [false, true]);
    assert.ok(await client.schedule.getHandle(id('foreign')).describe());
  });

  it('settings are refused whole, each problem at its line; so is a key ttl that a schedule does not keep up with, by features apply and doctor too', async () => {
    await declare({ one: { cron: '0 0 * *', overlp: 'skip' }, two: { cron: '@hourly', time_zone: '+02:00' } });
    const wrong = await schedule('apply');
    assert.equal(wrong.code, 2);
    for (const part of [/one-\w+\.cron \(line \d+, column \d+\): is "0 0 \* \*"; character 7/, /overlp .*Did you mean "overlap"/, /two-\w+\.time_zone .*is "\+02:00"/]) assert.match(wrong.stderr, part);
    await declare({ seldom: { cron: '0 2 * * *' } });
    for (const args of [['schedule', 'apply'], ['features', 'apply']]) {
      const { code, stderr } = await runCommand(project.folder, ...args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, /key_ttl_seconds: Keys .* schedule "seldom-\w+" lets up to 86400 s pass/);
    }
    const doctor = await runCommand(project.folder, 'doctor', '--json');
    const probe = (JSON.parse(doctor.stdout) as readonly { name: string; ok: boolean; detail: string }[]).find(({ name }) => name === 'schedules');
    assert.deepEqual([doctor.code, probe?.ok], [1, false]);
    await declare({ seldom: { cron: '0 2 * * *', input: { views: ['weather'] } }, often: { cron: '@every 30m' } });
    assert.equal((await schedule('apply', '--dry-run')).code, 0, 'another schedule renews what this one does not');
  });
});

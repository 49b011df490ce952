import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '..', '..');
const SETTINGS = { REDIS_HOST: 'redis.example.com', TEMPORAL_ADDRESS: 'temporal.example.com:7233' };
const SECRETS = { REDIS_PASSWORD: 'the-redis-password', TEMPORAL_API_KEY: 'the-api-key' };
const ARGUMENTS = ['--project', 'my-project-1', '--tag', 'v1'];

/** A Google Cloud account that keeps what was made in it. */
interface Cloud {
  readonly folder: string;
  run(args: readonly string[], variables?: NodeJS.ProcessEnv): { readonly status: number | null; readonly stdout: string; readonly stderr: string };
  commands(): readonly string[];
  made(): readonly string[];
  remove(): void;
}

function openCloud({ tools = ['gcloud', 'bq'], project = true }: { readonly tools?: readonly string[]; readonly project?: boolean } = {}): Cloud {
  const folder = mkdtempSync(join(tmpdir(), 'bootstrap-'));
  const binaries = mkdtempSync(join(tmpdir(), 'bootstrap-bin-'));
  for (const name of ['bash', 'env', 'cat', 'tr', 'wc', 'sed', 'grep', 'cut', 'sha256sum', 'mktemp', 'rm', 'cp', 'tail', 'head', 'basename', 'dirname', 'openssl', 'git']) {
    const found = ['/usr/bin', '/bin'].map((place) => join(place, name)).find((path) => existsSync(path));
    if (found !== undefined) symlinkSync(found, join(binaries, name));
  }
  for (const name of tools) cpSync(join(import.meta.dirname, 'google-cloud-stand-in.sh'), join(binaries, name));
  for (const name of tools) chmodSync(join(binaries, name), 0o755);
  if (project) writeFileSync(join(folder, 'project_my_project_1'), '');
  writeFileSync(join(folder, 'redis.pem'), '-----BEGIN CERTIFICATE-----\n');
  const lines = (name: string): readonly string[] => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').trim().split('\n') : []);
  return {
    folder,
    run: (args, variables = { ...SETTINGS, ...SECRETS, REDIS_CA_FILE: join(folder, 'redis.pem') }) =>
      spawnSync('bash', [join(ROOT, 'deploy', 'bootstrap.sh'), ...args], { encoding: 'utf8', env: { PATH: binaries, HOME: folder, STAND_IN: folder, ...variables } }),
    commands: () => lines('commands'),
    made: () => lines('made'),
    remove: () => [folder, binaries].forEach((each) => rmSync(each, { recursive: true })),
  };
}

describe('The bootstrap of the cloud', function () {
  this.timeout(60_000);
  let cloud: Cloud;
  afterEach(() => cloud.remove());

  it('makes everything the first time, and nothing the second', () => {
    cloud = openCloud();
    const first = cloud.run(ARGUMENTS);
    assert.equal(first.status, 0, first.stderr + first.stdout);
    const made = cloud.made();
    for (const name of ['raw_events', 'feature_mart', 'spine_data', 'feast_registry']) assert.ok(made.includes(`dataset my-project-1:${name}`), name);
    for (const name of ['ml-artifacts-prod', 'ml-data-processed', 'ml-logs-archive']) {
      assert.ok(made.includes(`storage buckets gs://${name}`), name);
      assert.ok(cloud.commands().some((line) => line.startsWith(`gcloud storage buckets create gs://${name} `) && line.includes('--location=us ') && line.includes('--public-access-prevention')), name);
      const { rule } = JSON.parse(readFileSync(join(cloud.folder, `rules_gs___${name.replaceAll('-', '_')}`), 'utf8')) as { readonly rule: readonly unknown[] };
      assert.ok(rule.length > 0, name);
    }
    for (const line of ['run services ml-pipeline-mlflow', 'run worker-pools ml-pipeline-worker', 'run jobs ml-pipeline-command', 'run services ml-pipeline-api', 'sql instances ml-pipeline-mlflow', 'policies ml-pipeline: a workflow failed', 'dashboards ml-pipeline']) assert.ok(made.includes(line), line);
    const second = cloud.run(ARGUMENTS, SETTINGS); // secrets are given once
    assert.equal(second.status, 0, second.stderr + second.stdout);
    assert.deepEqual(cloud.made(), made);
    assert.doesNotMatch(second.stdout, /^making/m);
  });

  it('gives every right of deploy/grants.tsv and no other, enables each service, and keeps data private and in their place', () => {
    cloud = openCloud();
    assert.equal(cloud.run(ARGUMENTS, { ...SETTINGS, ...SECRETS, REDIS_CA_FILE: join(cloud.folder, 'redis.pem'), API_INVOKER: 'group:team@example.com' }).status, 0);
    const commands = cloud.commands().map((line) => line.replaceAll('\\', ''));
    const names = { ARTIFACTS_BUCKET: 'ml-artifacts-prod', DATA_BUCKET: 'ml-data-processed', LOGS_BUCKET: 'ml-logs-archive', BUILD_BUCKET: 'my-project-1-ml-pipeline-build' };
    const grants = readFileSync(join(ROOT, 'deploy', 'grants.tsv'), 'utf8').trim().split('\n').filter((line) => !line.startsWith('#')).map((line) => line.split('\t') as [string, string, string, string]);
    assert.ok(grants.length > 25);
    const given = commands.filter((line) => line.includes('add-iam-policy-binding') || line.includes('GRANT `'));
    for (const [account, role, kind, resource] of grants) {
      const on = resource.replace(/\$\{(\w+)\}/, (_, name: keyof typeof names) => names[name]);
      const place = { project: 'projects add-iam-policy-binding my-project-1 ', bucket: `gs://${on} `, secret: `secrets add-iam-policy-binding ${on} `, service: `services add-iam-policy-binding ${on} `, repository: `repositories add-iam-policy-binding ${on} `, dataset: `ON SCHEMA \`my-project-1.${on}\`` }[kind]!;
      assert.ok(given.some((line) => line.includes(`serviceAccount:${account}@my-project-1.iam.gserviceaccount.com`) && line.includes(role) && line.includes(place)), `${account} ${role} ${on}`);
    }
    assert.ok(given.some((line) => line.includes('services add-iam-policy-binding ml-pipeline-api ') && line.includes('--member=group:team@example.com') && line.includes('--role=roles/run.invoker')));
    assert.equal(given.length, grants.length + 2, 'and those of the log sink and of the caller');
    const one = (start: string, ...parts: readonly string[]): void => assert.equal(commands.filter((line) => line.startsWith(start) && parts.every((part) => line.includes(part))).length, 1, start);
    one('gcloud logging sinks create ml-logs-archive storage.googleapis.com/ml-logs-archive ');
    one('gcloud artifacts repositories create ml-pipeline ', '--repository-format=docker', '--location=us-central1');
    one('gcloud services enable ', ...['run', 'artifactregistry', 'cloudbuild', 'secretmanager', 'bigquery', 'bigquerystorage', 'storage', 'sqladmin', 'iam', 'logging', 'monitoring', 'cloudtrace', 'compute'].map((name) => ` ${name}.googleapis.com`));
    for (const name of Object.values(names)) one(`gcloud storage buckets create gs://${name} `, '--uniform-bucket-level-access', '--public-access-prevention');
    for (const name of ['raw_events', 'feature_mart', 'spine_data', 'feast_registry']) one('bq --project_id=my-project-1 --location=us-central1 mk ', `my-project-1:${name} `);
  });

  it('refuses names that a definition could not hold, before it makes anything', () => {
    cloud = openCloud();
    const { status, stderr } = cloud.run(ARGUMENTS, { ...SETTINGS, ...SECRETS, REDIS_CA_FILE: join(cloud.folder, 'redis.pem'), API_MODEL: "models:/it's@c", TEMPORAL_ADDRESS: 'a&b:7233' });
    assert.deepEqual([status, cloud.made()], [2, []]);
    assert.match(stderr, /TEMPORAL_ADDRESS is 'a&b:7233'[^]*API_MODEL is 'models:\/it's@c'/);
  });

  it('deploys what each service needs: MLflow before those that call it, rights before those that have them, and again only what changed', () => {
    cloud = openCloud();
    cloud.run(ARGUMENTS);
    const order = ['version ml-pipeline-mlflow-database', 'images us-central1-docker.pkg.dev/my-project-1/ml-pipeline/ml-pipeline:v1', 'run services ml-pipeline-mlflow', 'run worker-pools ml-pipeline-worker', 'run services ml-pipeline-api'].map((line) => cloud.made().indexOf(line));
    assert.deepEqual(order, [...order].sort((a, b) => a - b));
    assert.ok(!order.includes(-1), order.join());
    const api = parse(readFileSync(join(cloud.folder, 'ml-pipeline-api.yaml'), 'utf8')) as { readonly spec: { readonly template: { readonly spec: { readonly containers: readonly { readonly env: readonly { readonly name: string; readonly value?: string }[] }[] } } } };
    assert.equal(api.spec.template.spec.containers[0]?.env.find(({ name }) => name === 'MLFLOW_TRACKING_URI')?.value, 'https://ml-pipeline-mlflow-123456789.us-central1.run.app');
    const before = cloud.made().length;
    const third = cloud.run(ARGUMENTS, { ...SETTINGS, API_MAX_INSTANCES: '20' });
    assert.equal(third.status, 0, third.stderr);
    assert.deepEqual(cloud.made().slice(before), ['run services ml-pipeline-api']);
  });

  it('keeps secrets off command lines and out of what it prints', () => {
    cloud = openCloud();
    const { stdout, stderr } = cloud.run(ARGUMENTS);
    const password = /--password: (\w{48})/.exec(readFileSync(join(cloud.folder, 'password'), 'utf8'))![1]!;
    const value = (name: string): string => readFileSync(join(cloud.folder, `value-ml-pipeline-${name}-1`), 'utf8');
    assert.equal(value('redis-password'), 'the-redis-password');
    assert.equal(value('temporal-api-key'), 'the-api-key');
    assert.match(value('redis-ca'), /BEGIN CERTIFICATE/);
    assert.equal(value('mlflow-database'), `postgresql+psycopg2://mlflow:${password}@/mlflow?host=/cloudsql/my-project-1:us-central1:ml-pipeline-mlflow`);
    for (const secret of [...Object.values(SECRETS), password]) assert.ok(!`${stdout}${stderr}${cloud.commands().join('\n')}`.includes(secret));
  });

  for (const failAt of ['dataset my-project-1:spine_data', 'version ml-pipeline-mlflow-database', 'run worker-pools']) {
    it(`goes on where it stood after "${failAt}" had failed`, () => {
      cloud = openCloud();
      const variables = { ...SETTINGS, ...SECRETS, REDIS_CA_FILE: join(cloud.folder, 'redis.pem') };
      const failed = cloud.run(ARGUMENTS, { ...variables, FAIL_AT: failAt });
      assert.equal(failed.status, 1);
      assert.match(failed.stderr, /PERMISSION_DENIED[^]*could not be made[^]*give the same command again/);
      const before = cloud.made();
      assert.ok(before.length > 3 && !before.includes('run services ml-pipeline-api'));
      const again = cloud.run(ARGUMENTS, variables);
      assert.equal(again.status, 0, again.stderr);
      const made = cloud.made();
      assert.ok(made.includes('run services ml-pipeline-api'));
      const twice = made.filter((line, index) => made.indexOf(line) !== index && line !== 'user mlflow');
      assert.deepEqual(twice, []);
    });
  }

  it('does not take a question that was refused for a thing that is missing', () => {
    cloud = openCloud();
    const { status, stderr } = cloud.run(ARGUMENTS, { ...SETTINGS, ...SECRETS, REDIS_CA_FILE: join(cloud.folder, 'redis.pem'), REFUSE: 'yes' });
    assert.deepEqual([status, cloud.made()], [1, []]);
    assert.match(stderr, /active account[^]*could not be asked: gcloud projects describe/);
  });

  it('makes a project only where it is told who pays, and all but the API where it is told that there is no model yet', () => {
    cloud = openCloud({ project: false });
    const variables = { ...SETTINGS, ...SECRETS, REDIS_CA_FILE: join(cloud.folder, 'redis.pem') };
    const refused = cloud.run(ARGUMENTS, variables);
    assert.deepEqual([refused.status, cloud.made()], [2, []]);
    assert.match(refused.stderr, /no project my-project-1 that you may see\. Set BILLING_ACCOUNT/);
    const { status, stdout, stderr } = cloud.run([...ARGUMENTS, '--without-api'], { ...variables, BILLING_ACCOUNT: '0-0-0' });
    assert.equal(status, 0, stderr);
    assert.ok(cloud.made().includes('run worker-pools ml-pipeline-worker') && !cloud.made().includes('run services ml-pipeline-api'));
    assert.match(stdout, /When models:\/flight_delay@champion exists, give the same command without --without-api/);
    assert.deepEqual(cloud.made().slice(0, 2), ['project my-project-1', 'billing']);
  });

  it('prints every resource and command in a dry run, the same that a run then gives, and runs none', () => {
    cloud = openCloud();
    const dry = cloud.run([...ARGUMENTS, '--dry-run'], SETTINGS);
    assert.equal(dry.status, 0, dry.stderr);
    assert.deepEqual(cloud.commands(), []);
    assert.doesNotMatch(dry.stdout, /^making/m);
    const printed = [...dry.stdout.matchAll(/^would make: (.*)$/gm)].map(([, what]) => what!.replace('WRITER_IDENTITY', 'serviceAccount:sink@example.iam.gserviceaccount.com'));
    const run = cloud.run(ARGUMENTS);
    const made = [...run.stdout.matchAll(/^making: (.*)$/gm)].map(([, what]) => what!);
    assert.deepEqual(printed.filter((what) => what !== 'project my-project-1'), made);
    assert.match(dry.stdout, /\| {3}name: ml-pipeline-api[^]*\$ gcloud run services replace/);
  });

  it('needs no tool for a dry run', () => {
    cloud = openCloud({ tools: [] });
    assert.equal(cloud.run([...ARGUMENTS, '--dry-run'], SETTINGS).status, 0);
  });

  it('refuses all that is wrong at once, before it asks anything', () => {
    cloud = openCloud({ tools: ['gcloud'] });
    writeFileSync(join(cloud.folder, 'settings.env'), 'REGION=us central\nREDIS_PASSWORD=x\nREDIS_HOTS=a\nnonsense\n');
    const { status, stderr } = cloud.run(['--settings', join(cloud.folder, 'settings.env'), '--tag', 'v1', '--now'], { API_MAX_INSTANCES: 'many', REDIS_CA_FILE: '/nowhere.pem' });
    assert.equal(status, 2);
    assert.deepEqual([cloud.commands(), cloud.made()], [[], []]);
    for (const problem of [/PROJECT is ''/, /REGION is 'us central'/, /TEMPORAL_ADDRESS is ''/, /REDIS_HOST is ''/, /API_MAX_INSTANCES is 'many'/, /--now is no option/, /settings\.env:2: REDIS_PASSWORD is a secret/, /settings\.env:3: REDIS_HOTS is no setting/, /settings\.env:4: is no line/, /bq is not on the PATH/, /REDIS_CA_FILE is '\/nowhere\.pem'/]) assert.match(stderr, problem);
    assert.doesNotMatch(stderr, /gcloud is not on/);
  });

  it('gives a bucket that is there the rules of its file again where they were changed, and refuses one that is elsewhere or of another project, with all of them named', () => {
    cloud = openCloud();
    assert.equal(cloud.run(ARGUMENTS).status, 0);
    const before = cloud.made().length;
    writeFileSync(join(cloud.folder, 'rules_gs___ml_data_processed'), '{"rule": []}\n');
    const again = cloud.run(ARGUMENTS, SETTINGS);
    assert.equal(again.status, 0, again.stderr);
    assert.deepEqual(cloud.made().slice(before), ['settings gs://ml-data-processed']);
    assert.deepEqual(JSON.parse(readFileSync(join(cloud.folder, 'rules_gs___ml_data_processed'), 'utf8')), JSON.parse(readFileSync(join(ROOT, 'deploy', 'buckets', 'data.json'), 'utf8')));

    writeFileSync(join(cloud.folder, 'location_gs___ml_artifacts_prod'), 'EU\n');
    writeFileSync(join(cloud.folder, 'owner_gs___ml_logs_archive'), '42\n');
    const refused = cloud.run(ARGUMENTS, SETTINGS);
    assert.deepEqual([refused.status, cloud.made().length], [2, before + 1]);
    assert.match(refused.stderr, /ml-artifacts-prod is in EU, not in US, and a bucket cannot be moved\. Give another name in ARTIFACTS_BUCKET[^]*ml-logs-archive is of project number 42, not of my-project-1 \(123456789\)/);
  });

  for (const [where, project] of [['a new project, where Secret Manager is not enabled yet', true], ['an account without the project', false]] as const) {
    it(`asks for secrets that are neither given nor there, in ${where}, before it makes anything`, () => {
      cloud = openCloud({ project });
      const { status, stderr } = cloud.run(ARGUMENTS, { ...SETTINGS, BILLING_ACCOUNT: '0-0-0' });
      assert.deepEqual([status, cloud.made()], [2, []]);
      assert.match(stderr, /REDIS_PASSWORD is not set[^]*REDIS_CA_FILE is not set[^]*TEMPORAL_API_KEY is not set/);
    });
  }

  it('adds a version for a secret that was changed, rolls it out to those that use it and to nobody else, and leaves older versions alone', () => {
    cloud = openCloud();
    const variables = { ...SETTINGS, ...SECRETS, REDIS_CA_FILE: join(cloud.folder, 'redis.pem') };
    assert.equal(cloud.run(ARGUMENTS, variables).status, 0);
    const before = cloud.made().length;
    const { status, stdout, stderr } = cloud.run(ARGUMENTS, { ...variables, REDIS_PASSWORD: 'the-second-password' });
    assert.equal(status, 0, stderr);
    assert.deepEqual(cloud.made().slice(before), ['version ml-pipeline-redis-password', 'run worker-pools ml-pipeline-worker', 'run jobs ml-pipeline-command', 'run services ml-pipeline-api']);
    assert.deepEqual([1, 2].map((number) => readFileSync(join(cloud.folder, `value-ml-pipeline-redis-password-${number}`), 'utf8')), ['the-redis-password', 'the-second-password']);
    const api = readFileSync(join(cloud.folder, 'ml-pipeline-api.yaml'), 'utf8');
    assert.match(api, /name: ml-pipeline-redis-password, key: '2'/);
    assert.match(api, /name: ml-pipeline-temporal-api-key, key: '1'/);
    assert.doesNotMatch(`${stdout}${stderr}${cloud.commands().join('\n')}`, /the-redis-password|the-second-password|the-api-key|versions (disable|destroy)/);
    writeFileSync(join(cloud.folder, 'state-ml-pipeline-redis-password-2'), 'DISABLED');
    const refused = cloud.run(ARGUMENTS, SETTINGS);
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /REDIS_PASSWORD is not set/);
  });
});

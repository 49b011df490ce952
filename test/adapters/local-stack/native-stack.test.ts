import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import pg from 'pg';
import { ensureEnvironmentFile, readSettings } from '../../../adapters/local-stack/environment-file.ts';
import { nativeStack } from '../../../adapters/local-stack/native-stack.ts';
import { findFreePorts } from '../../../adapters/local-stack/port-holder.ts';
import { identifyProcess, stopRecorded, writeRecord } from '../../../adapters/local-stack/process-record.ts';
import { stackSettings } from '../../../adapters/local-stack/settings.ts';
import type { StackSettings } from '../../../adapters/local-stack/settings.ts';
import { listSearchAttributes } from '../../../adapters/local-stack/temporal-server.ts';
import type { PipelineError } from '../../../domain/errors.ts';
import { SEARCH_ATTRIBUTE_FLAGS } from '../../../temporal/search-attributes.ts';

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const TOOLS = process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools');

describe('the native local stack', function () {
  this.timeout(60_000);
  let settings: StackSettings;

  before(async () => {
    const projectFolder = await mkdtemp(join(tmpdir(), 'ml-pipeline-stack-'));
    await chmod(projectFolder, 0o755);
    ensureEnvironmentFile(projectFolder, join(ROOT, '.env.example'));
    const ports = await findFreePorts(4);
    const chosen = Object.fromEntries(['POSTGRES_PORT', 'REDIS_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT'].map((name, index) => [name, String(ports[index])]));
    settings = stackSettings({ ...readSettings(projectFolder, {}), ...chosen }, { projectFolder, toolsFolder: TOOLS });
  });

  after(async () => {
    await nativeStack(settings).reset({ confirmed: true });
    await rm(settings.projectFolder, { recursive: true, force: true });
  });

  it('starts nothing when a port is held, and names its holder and the setting that changes it', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(settings.ports.REDIS_PORT, '127.0.0.1', resolve));
    try {
      await assert.rejects(nativeStack(settings).up(), (error: PipelineError) => {
        assert.equal(error.code, 'CONFLICT');
        assert.match(error.message, new RegExp(`REDIS_PORT: port ${settings.ports.REDIS_PORT} .* process ${process.pid} \\(.*node`));
        return true;
      });
      const { servers } = await nativeStack(settings).status();
      assert.deepEqual(servers.map(({ state }) => state), ['stopped', 'held', 'stopped']);
      assert.equal(existsSync(join(settings.projectFolder, 'data', 'postgres', 'native')), false);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  it('starts all servers once: a second up, even at the same time, changes nothing', async () => {
    const [first, second] = await Promise.all([nativeStack(settings).up(), nativeStack(settings).up()]);
    assert.deepEqual([first.started, second.started].sort((a, b) => b.length - a.length), [['postgres', 'redis', 'temporal'], []]);
    assert.deepEqual(first.servers, second.servers);
    assert.ok(first.servers.every(({ state }) => state === 'running'));
    assert.deepEqual((await nativeStack(settings).up()).servers, first.servers);
  });

  it('prepares the database and its schemas for an account that is no superuser', async () => {
    const client = new pg.Client({ host: '127.0.0.1', port: settings.ports.POSTGRES_PORT, user: 'ml_pipeline', password: settings.passwords.POSTGRES_PASSWORD, database: 'ml_pipeline' });
    await client.connect();
    const { rows } = await client.query<{ name: string }>("SELECT schema_name AS name FROM information_schema.schemata WHERE schema_owner = 'ml_pipeline' ORDER BY 1");
    const { rows: account } = await client.query("SELECT rolsuper AS super, current_setting('fsync') AS fsync, current_setting('listen_addresses') AS address FROM pg_roles WHERE rolname = current_user");
    await client.end();
    assert.deepEqual(rows.map(({ name }) => name), ['feast_registry', 'feature_mart', 'raw_data', 'spine_data']);
    assert.deepEqual(account, [{ super: false, fsync: 'on', address: '127.0.0.1' }]);
  });

  it('refuses logins without the password', async () => {
    await assert.rejects(new pg.Client({ host: '127.0.0.1', port: settings.ports.POSTGRES_PORT, user: 'ml_pipeline', password: 'wrong', database: 'ml_pipeline' }).connect(), { code: '28P01' });
    const redis = openRedis(settings, 'wrong');
    await assert.rejects(redis.connect().then(() => redis.ping()), /WRONGPASS|NOAUTH|closed/);
    redis.disconnect();
  });

  it('says at once that a running server does not fit changed settings, and leaves it alone', async () => {
    const change = (changed: Partial<StackSettings>): Promise<unknown> => nativeStack({ ...settings, ...changed }).up();
    const { ports, passwords } = settings;
    await assert.rejects(change({ passwords: { ...passwords, POSTGRES_SUPERUSER_PASSWORD: 'other' } }), /does not take POSTGRES_SUPERUSER_PASSWORD of \.env/);
    await assert.rejects(change({ passwords: { ...passwords, REDIS_PASSWORD: 'other' } }), /does not take REDIS_PASSWORD of \.env/);
    await assert.rejects(change({ ports: { ...ports, REDIS_PORT: ports.TEMPORAL_PORT + 1 } }), /Redis runs on port \d+, but REDIS_PORT is now/);
    assert.ok((await nativeStack(settings).status()).servers.every(({ state }) => state === 'running'));
  });

  it('comes back after its servers were killed', async () => {
    for (const { detail } of (await nativeStack(settings).status()).servers) process.kill(Number(/process (\d+)/.exec(detail)?.[1]), 'SIGKILL');
    while ((await nativeStack(settings).status()).servers.some(({ state }) => state !== 'stopped')) await sleep(20);
    await sleep(300); // PostgreSQL's other processes notice the end of the first, and end too
    assert.deepEqual((await nativeStack(settings).up()).started, ['postgres', 'redis', 'temporal']);
  });

  it('registers the search attributes, also those that an older database lacks', async () => {
    const [temporal, address] = [join(TOOLS, 'bin', 'temporal'), `127.0.0.1:${settings.ports.TEMPORAL_PORT}`];
    assert.deepEqual((await listSearchAttributes(temporal, address)).sort(), [...SEARCH_ATTRIBUTE_FLAGS].sort());
    execFileSync(temporal, ['operator', 'search-attribute', 'remove', '--name', 'Stage', '--yes', '--address', address], { stdio: 'pipe' });
    await nativeStack(settings).up();
    assert.deepEqual((await listSearchAttributes(temporal, address)).sort(), [...SEARCH_ATTRIBUTE_FLAGS].sort());
  });

  it('keeps what Redis holds over a restart, and says what it stopped', async () => {
    const before = openRedis(settings);
    await before.set('kept', 'yes');
    before.disconnect();
    assert.deepEqual(await nativeStack(settings).down(), ['temporal', 'redis', 'postgres']);
    assert.deepEqual(await nativeStack(settings).down(), []);
    await nativeStack(settings).up();
    const again = openRedis(settings);
    assert.equal(await again.get('kept'), 'yes');
    again.disconnect();
  });

  it('never stops a process that only has the number of one it started', async () => {
    const recordFile = join(settings.projectFolder, 'stale.json');
    const self = identifyProcess(process.pid);
    assert.ok(self !== undefined);
    await writeRecord(recordFile, { ...self, startTime: String(Number(self.startTime) - 1) });
    assert.equal(await stopRecorded(recordFile), false);
  });

  it('shows the end of each log', async () => {
    const logs = await nativeStack(settings).logs({ lines: 5 });
    assert.deepEqual(logs.map(({ server }) => server), ['postgres', 'redis', 'temporal']);
    assert.match(logs[0]?.text ?? '', /database system is ready/);
    assert.ok(logs.every(({ text }) => text.split('\n').length <= 5));
    await assert.rejects(nativeStack(settings).logs({ servers: ['postgre' as 'postgres'], lines: 5 }), /postgre: is no part of the stack.*postgres/);
  });

  it('keeps passwords out of command lines and logs', async () => {
    const { servers } = await nativeStack(settings).status();
    const pids = servers.map(({ detail }) => /process (\d+)/.exec(detail)?.[1] ?? assert.fail(detail));
    const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8')));
    const logs = await nativeStack(settings).logs({ lines: 10_000 });
    for (const password of Object.values(settings.passwords)) {
      assert.ok(![...lines, ...logs.map(({ text }) => text)].some((text) => text.includes(password)));
    }
    assert.equal((await stat(join(settings.projectFolder, '.env'))).mode & 0o777, 0o600);
  });

  it('removes the data only when told so expressly', async () => {
    await assert.rejects(nativeStack(settings).reset({ confirmed: false }), /data\/postgres.*--yes/);
    assert.equal((await nativeStack(settings).reset({ confirmed: true })).length, 3);
    assert.ok(!existsSync(join(settings.projectFolder, 'data', 'redis')));
    assert.ok((await nativeStack(settings).status()).servers.every(({ state }) => state === 'stopped'));
  });
});

function openRedis(settings: StackSettings, password = settings.passwords.REDIS_PASSWORD): Redis {
  const client = new Redis({ host: '127.0.0.1', port: settings.ports.REDIS_PORT, password, lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined); // the command that fails reports it
  return client;
}

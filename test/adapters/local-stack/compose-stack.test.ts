import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { composeStack, findCompose } from '../../../adapters/local-stack/compose-stack.ts';
import { openLocalStack } from '../../../adapters/local-stack/local-stack.ts';
import { findFreePorts } from '../../../adapters/local-stack/port-holder.ts';
import { stackSettings } from '../../../adapters/local-stack/settings.ts';
import type { StackSettings } from '../../../adapters/local-stack/settings.ts';
import { testServers } from '../../support/servers.ts';

/** A program in place of `docker` that notes each call and keeps which containers run; PostgreSQL behind it is the tests' own server. */
const FAKE = `#!/usr/bin/env bash
echo "$*" >>"$FAKE_FOLDER/calls"
running=$(cat "$FAKE_FOLDER/running" 2>/dev/null)
case "$*" in
  fail*) echo 'no such thing' >&2; exit 1 ;;
  info*) [ -e "$FAKE_FOLDER/no-engine" ] && exit 1; echo 28.0.0 ;;
  'compose version --short') echo 2.40.0 ;;
  *' ps '*) for name in $running; do echo "{\\"Service\\":\\"$name\\",\\"State\\":\\"running\\",\\"Name\\":\\"p-$name-1\\",\\"Health\\":\\"healthy\\"}"; done ;;
  *' up '*) echo postgres redis temporal >"$FAKE_FOLDER/running" ;;
  *' down') : >"$FAKE_FOLDER/running" ;;
  *' logs '*) echo "log of \${@: -1}" ;;
esac
`;

describe('the local stack in containers', () => {
  let folder: string;
  let settings: StackSettings;
  const path = process.env['PATH'] ?? '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-compose-'));
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin', 'docker'), FAKE);
    await chmod(join(folder, 'bin', 'docker'), 0o755);
    process.env['PATH'] = `${join(folder, 'bin')}${delimiter}${path}`;
    process.env['FAKE_FOLDER'] = folder;
    await writeFile(join(folder, 'docker-compose.local.yml'), '');
    const postgres = new URL((await testServers()).postgresUrl);
    const [redis, temporal, ui] = await findFreePorts(3);
    settings = stackSettings({
      POSTGRES_PORT: postgres.port, REDIS_PORT: String(redis), TEMPORAL_PORT: String(temporal), TEMPORAL_UI_PORT: String(ui),
      POSTGRES_SUPERUSER_PASSWORD: postgres.password, POSTGRES_PASSWORD: 'account-password', REDIS_PASSWORD: 'redis-password',
    }, { projectFolder: folder });
  });

  after(async () => {
    process.env['PATH'] = path;
    delete process.env['FAKE_FOLDER'];
    const client = new pg.Client({ connectionString: (await testServers()).postgresUrl });
    await client.connect();
    await client.query('DROP DATABASE IF EXISTS ml_pipeline WITH (FORCE)');
    await client.query('DROP ROLE IF EXISTS ml_pipeline');
    await client.end();
    await rm(folder, { recursive: true, force: true });
  });

  const calls = async (): Promise<string[]> => (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');

  it('is chosen where an engine answers, and refused by name where it is asked for and none does', async () => {
    assert.equal((await openLocalStack(settings)).engine, 'compose');
    await writeFile(join(folder, 'no-engine'), '');
    assert.equal(await findCompose(), undefined);
    assert.equal((await openLocalStack(settings)).engine, 'native');
    await assert.rejects(openLocalStack({ ...settings, engine: 'compose' }), /STACK_ENGINE=compose, but no container engine answers/);
    await rm(join(folder, 'no-engine'));
  });

  it('is not started over a port that something else holds', async () => {
    const holder: Server = createServer();
    await new Promise<void>((resolve) => holder.listen(settings.ports.TEMPORAL_PORT, '127.0.0.1', resolve));
    try {
      await assert.rejects(composeStack(settings, ['docker', 'compose']).up(), /TEMPORAL_PORT: port \d+ on this machine is in use by process \d+/);
      assert.ok(!(await calls()).some((call) => call.includes(' up ')));
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  it('is started with its own file and folder, and stopped without its data', async () => {
    await writeFile(join(folder, 'running'), 'postgres'); // its port is held by the tests' server, as by a running container
    const stack = composeStack(settings, ['docker', 'compose']);
    const up = await stack.up();
    assert.deepEqual(up.started, ['redis', 'temporal']);
    assert.ok(up.servers.every(({ state, detail }) => state === 'running' && detail.includes('healthy')));
    assert.ok((await calls()).includes(`compose --project-directory ${folder} --file ${join(folder, 'docker-compose.local.yml')} up --detach --wait postgres redis temporal`));
    assert.deepEqual((await stack.up()).started, []);
    assert.deepEqual(await stack.logs({ servers: ['redis'], lines: 3 }), [{ server: 'redis', text: 'log of redis' }]);
    assert.deepEqual(await stack.down(), ['postgres', 'redis', 'temporal']);
    assert.deepEqual(await stack.down(), []);
  });

  it('is reset only when told so expressly', async () => {
    const stack = composeStack(settings, ['docker', 'compose']);
    await assert.rejects(stack.reset({ confirmed: false }), /--yes/);
    await stack.reset({ confirmed: true });
    assert.match((await calls()).filter((call) => call.includes(' run ')).join('\n'), /--entrypoint rm redis -rf \/stack-data\/postgres \/stack-data\/redis \/stack-data\/temporal$/);
  });

  it('hands on what compose says when it fails', async () => {
    await assert.rejects(composeStack(settings, ['docker', 'fail']).status(), /docker fail ps failed:\nno such thing/);
  });
});

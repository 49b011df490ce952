import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadProject } from '../../config/load-config.ts';
import { PipelineError } from '../../domain/errors.ts';
import { keyLifetimeProblems } from '../../domain/schedules/key-lifetime.ts';

const SECRETS = { POSTGRES_PASSWORD: 'p@ss', REDIS_PASSWORD: '123456' };

describe('the environment file', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'project-'));
    await mkdir(join(folder, 'config', 'environments'), { recursive: true });
    await mkdir(join(folder, 'recipes', 'models'), { recursive: true });
    await writeFile(join(folder, 'config', 'environments', 'local.yaml'), await readFile('config/environments/local.yaml'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('is found from a folder below, with variables and defaults filled in', async () => {
    const project = await loadProject(join(folder, 'recipes', 'models'), { ...SECRETS, REDIS_PORT: '6400' });
    assert.equal(project.folder, folder);
    assert.equal(project.config.online_store.port, 6400);
    assert.ok(project.config.warehouse.type === 'postgres');
    assert.equal(project.config.warehouse.port, 5432);
    assert.equal(project.config.online_store.password, '123456');
    assert.equal(project.config.temporal.address, '127.0.0.1:7233');
  });

  it('takes variables from .env, and the process before it', async () => {
    await writeFile(join(folder, '.env'), 'POSTGRES_PASSWORD=file\nREDIS_PASSWORD=file\n');
    const { config } = await loadProject(folder, { POSTGRES_PASSWORD: 'process' });
    assert.ok(config.warehouse.type === 'postgres');
    assert.deepEqual([config.warehouse.password, config.online_store.password], ['process', 'file']);
    await rm(join(folder, '.env'));
  });

  it('names every missing variable and wrong value with its line, and no secret', async () => {
    const error = await loadProject(folder, { POSTGRES_PORT: 'abc', REDIS_PASSWORD: 'hidden' }).then(() => assert.fail(), (thrown: unknown) => thrown);
    assert.ok(error instanceof PipelineError);
    assert.deepEqual(error.problems.map(({ path }) => path).sort(), ['warehouse.password', 'warehouse.port']);
    assert.match(error.message, /POSTGRES_PASSWORD, which is not set/);
    assert.ok(error.problems.every(({ line }) => line !== undefined) && !error.message.includes('hidden'));
  });

  it('has an example of a schedule that can be uncommented', async () => {
    const file = join(folder, 'config', 'environments', 'local.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(/^# (?=schedules:| {2})/gm, ''));
    const { config } = await loadProject(folder, SECRETS);
    await writeFile(file, text);
    assert.deepEqual(Object.keys(config.schedules ?? {}), ['features']);
    assert.deepEqual(keyLifetimeProblems(config.online_store.key_ttl_seconds, config.schedules!, Date.now() / 1000), []);
  });

  it('takes none for keys without an end, in the file or by a variable, and refuses what is no lifetime', async () => {
    const file = join(folder, 'config', 'environments', 'local.yaml');
    const text = await readFile(file, 'utf8');
    const lifetime = async (written: string, more: NodeJS.ProcessEnv = {}): Promise<number | null> => {
      await writeFile(file, text.replace('key_ttl_seconds: 86400', `key_ttl_seconds: ${written}`));
      return (await loadProject(folder, { ...SECRETS, ...more })).config.online_store.key_ttl_seconds;
    };
    try {
      assert.deepEqual([await lifetime('3600'), await lifetime('none'), await lifetime('null'), await lifetime('~')], [3600, null, null, null]);
      assert.deepEqual([await lifetime('${KEY_TTL:-none}'), await lifetime('${KEY_TTL:-none}', { KEY_TTL: '60' })], [null, 60]);
      for (const wrong of ['0', '-1', '1.5', 'never', '[]', '"86400"']) await assert.rejects(lifetime(wrong), /online_store\.key_ttl_seconds \(line 19, column \d+\): is .*, not a whole number of seconds above 0\. Give the seconds .* or none/);
    } finally {
      await writeFile(file, text);
    }
  });

  it('names the environments there are when APP_ENV is another', async () => {
    await assert.rejects(loadProject(folder, { ...SECRETS, APP_ENV: 'locl' }), /APP_ENV is "locl".*Did you mean "local"/);
  });

  it('says how to make a project where there is none', async () => {
    await assert.rejects(loadProject(tmpdir(), SECRETS), /ml-pipeline init/);
  });
});

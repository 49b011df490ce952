import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureEnvironmentFile, readSettings } from '../../../adapters/local-stack/environment-file.ts';
import { STACK_PORTS, stackSettings } from '../../../adapters/local-stack/settings.ts';

describe('.env', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ml-pipeline-env-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is made once from the example, with passwords of its own, for its owner only', () => {
    assert.equal(ensureEnvironmentFile(folder, '.env.example'), true);
    const text = readFileSync(join(folder, '.env'), 'utf8');
    assert.equal(statSync(join(folder, '.env')).mode & 0o777, 0o600);
    const { passwords, ports } = stackSettings(readSettings(folder, {}), { projectFolder: folder });
    assert.equal(new Set(Object.values(passwords)).size, 3);
    assert.ok(Object.values(passwords).every((password) => /^[0-9a-f]{36}$/.test(password)));
    assert.deepEqual(ports, STACK_PORTS);
    assert.equal(ensureEnvironmentFile(folder, '.env.example'), false);
    assert.equal(readFileSync(join(folder, '.env'), 'utf8'), text);
  });

  it('gives way to variables of the environment, and need not be there', () => {
    assert.deepEqual(readSettings(folder, { REDIS_PORT: '7000' }), { REDIS_PORT: '7000' });
    ensureEnvironmentFile(folder, '.env.example');
    const settings = readSettings(folder, { REDIS_PORT: '7000' });
    assert.deepEqual([settings['REDIS_PORT'], settings['POSTGRES_PORT']], ['7000', '5432']);
  });

  it('has its empty passwords filled where it was copied by hand, and nothing else changed', () => {
    const file = join(folder, '.env');
    writeFileSync(file, 'REDIS_PORT=7001\nPOSTGRES_PASSWORD=mine\nREDIS_PASSWORD=\n');
    assert.equal(ensureEnvironmentFile(folder, '.env.example'), false);
    const settings = readSettings(folder, {});
    assert.deepEqual([settings['REDIS_PORT'], settings['POSTGRES_PASSWORD']], ['7001', 'mine']);
    assert.match(settings['REDIS_PASSWORD'] ?? '', /^[0-9a-f]{36}$/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appConfig } from '../../config/app-config.ts';
import { onlineStoreOptions } from '../../config/online-store-options.ts';
import type { AppConfig } from '../../config/app-config.ts';
import { PipelineError } from '../../domain/errors.ts';
import { check } from '../../domain/validation/shape.ts';
import { selfSigned } from '../support/self-signed.ts';

const LOCAL = { type: 'redis', host: '127.0.0.1', port: 6379, key_ttl_seconds: 86_400 } as const;

function settings(online: object): Pick<AppConfig, 'project' | 'online_store'> {
  return { project: 'shop', online_store: { ...LOCAL, ...online } };
}

describe('The settings of the online store', () => {
  const GOOD = selfSigned().certificate;
  let folder: string;
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-settings-'))));
  after(() => rm(folder, { recursive: true, force: true }));

  it('are those of a single server in Feast\'s layout where nothing else is said', () => {
    assert.deepEqual(onlineStoreOptions('/', settings({})), { project: 'shop', host: '127.0.0.1', port: 6379, keyTtlSeconds: 86_400 });
  });

  it('let keys have no end', () => {
    assert.equal(onlineStoreOptions('/', settings({ key_ttl_seconds: null })).keyTtlSeconds, null);
  });

  it('name a cluster, a user and the file of a certificate authority, relative to the project, which is read when it is asked for', async () => {
    const online = { topology: 'cluster', other_nodes: [{ host: 'b', port: 2 }], user: 'features', password: 'p', tls: { ca_file: 'ca.pem' } };
    const { certificateAuthority, ...options } = onlineStoreOptions(folder, settings(online));
    assert.deepEqual(options, { project: 'shop', host: '127.0.0.1', port: 6379, keyTtlSeconds: 86_400, topology: 'cluster', otherNodes: [{ host: 'b', port: 2 }], username: 'features', password: 'p', tls: true });
    await writeFile(join(folder, 'ca.pem'), GOOD);
    assert.equal(certificateAuthority!(), GOOD);
    assert.equal(onlineStoreOptions('/', settings({ tls: {} })).tls, true);
  });

  it('are refused by the file of the authority with its place and a cure: not there, no certificate, a broken one, none that is valid now', async () => {
    const broken = GOOD.replace(/(CERTIFICATE-----\n)(.{20})/, '$1');
    const cases: readonly (readonly [string, string | undefined, RegExp])[] = [
      ['away.pem', undefined, /away\.pem cannot be read \(ENOENT\)\. Give the PEM file/],
      ['key.pem', selfSigned().privateKey, /key\.pem holds no certificate\. It must be PEM/],
      ['broken.pem', broken, /broken\.pem holds a certificate that cannot be read/],
      ['old.pem', selfSigned({ validHours: -1 }).certificate, /old\.pem holds a certificate that was valid until \d{4}-.*Z\. Get the one that follows it/],
    ];
    for (const [name, text, message] of cases) {
      if (text !== undefined) await writeFile(join(folder, name), text);
      const { certificateAuthority } = onlineStoreOptions(folder, settings({ tls: { ca_file: name } }));
      assert.throws(certificateAuthority!, (error: unknown) => error instanceof PipelineError && error.code === 'INVALID_CONFIG' && error.message.includes('online_store.tls.ca_file') && message.test(error.message) && !error.message.includes('PRIVATE'), name);
    }
    await writeFile(join(folder, 'both.pem'), selfSigned({ validHours: -1 }).certificate + GOOD);
    assert.match(onlineStoreOptions(folder, settings({ tls: { ca_file: 'both.pem' } })).certificateAuthority!(), /BEGIN/);
  });

  it('are refused where a layout or topology is misspelt', () => {
    const { issues } = check(appConfig, { online_store: { ...LOCAL, layout: 'readible', topology: 'clusters' } });
    const messages = issues.map((issue) => JSON.stringify(issue)).join('\n');
    assert.match(messages, /readable/);
    assert.match(messages, /Did you mean \\"cluster\\"/);
  });
});

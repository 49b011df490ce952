import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appConfig } from '../../config/app-config.ts';
import { onlineStoreOptions } from '../../config/online-store-options.ts';
import type { AppConfig } from '../../config/app-config.ts';
import { PipelineError } from '../../domain/errors.ts';
import { check } from '../../domain/validation/shape.ts';

const LOCAL = { type: 'redis', host: '127.0.0.1', port: 6379, key_ttl_seconds: 86_400 } as const;

function settings(online: object): Pick<AppConfig, 'project' | 'online_store'> {
  return { project: 'shop', online_store: { ...LOCAL, ...online } };
}

describe('The settings of the online store', () => {
  it('are those of a single server in Feast\'s layout where nothing else is said', async () => {
    assert.deepEqual(await onlineStoreOptions('/', settings({})), { project: 'shop', host: '127.0.0.1', port: 6379, keyTtlSeconds: 86_400 });
  });

  it('let keys have no end', async () => {
    assert.equal((await onlineStoreOptions('/', settings({ key_ttl_seconds: null }))).keyTtlSeconds, null);
  });

  it('name a cluster, a user and the file of a certificate authority, relative to the project', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-settings-'));
    try {
      await writeFile(join(folder, 'ca.pem'), 'the certificate');
      const online = { topology: 'cluster', other_nodes: [{ host: 'b', port: 2 }], user: 'features', password: 'p', tls: { ca_file: 'ca.pem' } };
      assert.deepEqual(await onlineStoreOptions(folder, settings(online)), {
        project: 'shop',
        host: '127.0.0.1',
        port: 6379,
        keyTtlSeconds: 86_400,
        topology: 'cluster',
        otherNodes: [{ host: 'b', port: 2 }],
        username: 'features',
        password: 'p',
        tls: true,
        certificateAuthority: 'the certificate',
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('with public certificates only say that TLS is used; a file that is not there is refused by its path', async () => {
    assert.equal((await onlineStoreOptions('/', settings({ tls: {} }))).tls, true);
    await assert.rejects(onlineStoreOptions('/nowhere', settings({ tls: { ca_file: 'ca.pem' } })), (error: unknown) => error instanceof PipelineError && error.code === 'INVALID_CONFIG' && error.message.includes('/nowhere/ca.pem'));
  });

  it('are refused where a layout or topology is misspelt', () => {
    const { issues } = check(appConfig, { online_store: { ...LOCAL, layout: 'readible', topology: 'clusters' } });
    const messages = issues.map((issue) => JSON.stringify(issue)).join('\n');
    assert.match(messages, /readable/);
    assert.match(messages, /Did you mean \\"cluster\\"/);
  });
});

import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { whyAway } from '../../adapters/temporal/why-away.ts';
import { temporal, temporalConnection, type TemporalSettings } from '../../config/temporal-settings.ts';
import { check } from '../../domain/validation/shape.ts';
import { makeProject, runCommand } from '../cli/command.ts';
import { certificateChain, selfSigned } from '../support/self-signed.ts';
import { testServers } from '../support/servers.ts';
import { startTlsProxy, type TlsProxy } from '../support/tls-proxy.ts';

const chain = certificateChain();
const common = { namespace: 'default', task_queue: 'q', ui: 'http://127.0.0.1:1' };

function settings(value: object): TemporalSettings {
  const checked = check(temporal, { ...common, ...value });
  assert.deepEqual(checked.issues, []);
  return checked.value;
}

describe('A connection to Temporal', () => {
  let folder: string;
  let open: string;
  let proxy: TlsProxy;
  const files = { ca_file: 'ca.pem', cert_file: 'client.pem', key_file: 'client.key' };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'temporal-tls-'));
    const other = selfSigned();
    const texts = { 'ca.pem': chain.authority, 'client.pem': chain.client.certificate, 'client.key': chain.client.privateKey, 'other.pem': other.certificate, 'other.key': other.privateKey, 'old.pem': certificateChain({ validHours: -1 }).client.certificate, 'none.pem': 'nothing' };
    for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
    open = (await testServers()).temporalAddress;
    proxy = await startTlsProxy(open, chain.server, { clientAuthority: chain.authority });
  });
  after(async () => {
    await proxy.close();
    await rm(folder, { recursive: true });
  });

  const describeWith = async (value: object): Promise<string | undefined> => {
    const connection = await Connection.connect({ ...(await temporalConnection(folder, settings(value))), connectTimeout: 3000 });
    try {
      await new Client({ connection }).workflow.count();
      return (await connection.workflowService.describeNamespace({ namespace: 'default' })).namespaceInfo?.name ?? undefined;
    } finally {
      await connection.close();
    }
  };

  it('is made over TLS with a certificate of the client\'s own, by settings alone, as commands and the API do', async () => {
    assert.equal(await describeWith({ address: proxy.address, tls: files }), 'default');
    assert.equal(proxy.authorizations.size, 0);
  });

  it('is made in the same way by workers, whose library is another', async () => {
    const connection = await NativeConnection.connect(await temporalConnection(folder, settings({ address: proxy.address, tls: files, api_key: 'key-of-a-worker' })));
    try {
      assert.equal((await connection.workflowService.describeNamespace({ namespace: 'default' })).namespaceInfo?.name, 'default');
      assert.ok(proxy.authorizations.has('Bearer key-of-a-worker'));
    } finally {
      await connection.close();
    }
  });

  it('is made so by the command', async () => {
    const project = await makeProject({ temporalAddress: proxy.address });
    try {
      const file = join(project.folder, 'config', 'environments', 'local.yaml');
      const read = JSON.parse(await readFile(file, 'utf8')) as { readonly temporal: object };
      for (const name of ['ca.pem', 'client.pem', 'client.key']) await copyFile(join(folder, name), join(project.folder, name));
      await writeFile(file, JSON.stringify({ ...read, temporal: { ...read.temporal, tls: files, api_key: 'key-of-the-cli' } }));
      const { code, stdout } = await runCommand(project.folder, 'schedule', 'list', '--json');
      assert.deepEqual([code, JSON.parse(stdout)], [0, []]);
      assert.ok(proxy.authorizations.has('Bearer key-of-the-cli'));
    } finally {
      await project.remove();
    }
  });

  it('sends the API key with every call', async () => {
    await describeWith({ address: proxy.address, tls: { ...files, server_name: 'localhost' }, api_key: 'key-of-a-command' });
    assert.ok(proxy.authorizations.has('Bearer key-of-a-command'));
  });

  it('never sends an API key without TLS', async () => {
    assert.equal((await temporalConnection(folder, settings({ address: 'a.example:7233', api_key: 'k' }))).tls, true);
    await assert.rejects(temporalConnection(folder, settings({ address: 'a.example:7233', tls: false, api_key: 'k' })), { code: 'INVALID_CONFIG', message: /never sent without TLS/ });
  });

  it('stays as it is where neither is set', async () => {
    assert.deepEqual(await temporalConnection(folder, settings({ address: open })), { address: open });
  });

  it('is refused for certificates that cannot serve, with every problem and no key in the message', async () => {
    const refused = (tls: object, message: RegExp): Promise<void> => assert.rejects(temporalConnection(folder, settings({ address: open, tls })), (error: Error) => message.test(error.message) && !error.message.includes('PRIVATE KEY-----\nM'));
    await refused({ ca_file: 'away.pem', cert_file: 'none.pem', key_file: 'none.pem' }, /ca_file: is "away\.pem", which cannot be read \(ENOENT\)[^]*cert_file: holds no certificate[^]*key_file: holds no private key/);
    await refused({ cert_file: 'client.pem' }, /key_file: is missing/);
    await refused({ cert_file: 'client.pem', key_file: 'other.key' }, /key of another certificate/);
    await refused({ cert_file: 'old.pem', key_file: 'client.key' }, /was valid until 2/);
  });

  describe('that is not made', () => {
    const why = async (value: object): Promise<string> => whyAway(await temporalConnection(folder, settings(value)));
    const cases: readonly (readonly [string, () => object, RegExp])[] = [
      ['a server that speaks TLS, and settings without', () => ({ address: proxy.address }), /It speaks TLS: set temporal\.tls/],
      ['a server without TLS, and settings with it', () => ({ address: open, tls: true }), /does not speak TLS/],
      ['a server of an unknown authority', () => ({ address: proxy.address, tls: { ...files, ca_file: 'other.pem' } }), /not accepted: .*(self-signed|unable to).*ca_file/i],
      ['a server of another name', () => ({ address: proxy.address, tls: { ...files, server_name: 'other.example' } }), /not accepted: .*altnames.*server_name/i],
      ['a client without a certificate', () => ({ address: proxy.address, tls: { ca_file: 'ca.pem' } }), /refused this client's certificate/],
      ['a client of an unknown authority', () => ({ address: proxy.address, tls: { ca_file: 'ca.pem', cert_file: 'other.pem', key_file: 'other.key' } }), /refused this client's certificate/],
      ['no server', () => ({ address: '127.0.0.1:1', tls: true }), /^$/],
    ];
    for (const [name, value, expected] of cases) it(`says why: ${name}`, async () => assert.match(await why(value()), expected));
  });
});

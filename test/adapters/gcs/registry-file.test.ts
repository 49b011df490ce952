import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createStorageClient } from '../../../adapters/gcs/client.ts';
import { createGcsRegistryFile } from '../../../adapters/gcs/registry-file.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { RegistryFile } from '../../../ports/registry-file.ts';
import { cloudServers } from '../../support/cloud-servers.ts';
import { openGcsHarness, type GcsHarness } from './harness.ts';
import { objectOf, startRecordingServer } from './recording-server.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('A registry file in Cloud Storage', function () {
  this.timeout(30_000);
  let harness: GcsHarness;
  let file: RegistryFile;
  let count = 0;
  before(async () => {
    harness = await openGcsHarness();
  });
  after(() => harness.close());
  beforeEach(() => {
    file = createGcsRegistryFile(harness.bucket, `feast/registry_${count++}.db`);
  });
  const text = async (): Promise<string> => Buffer.from((await file.read())!.bytes).toString();

  it('is nothing before it is written, and then what was written, with its generation', async () => {
    assert.deepEqual([await file.generation(), await file.read()], [undefined, undefined]);
    const first = await file.write(bytes('one'), undefined);
    assert.ok(first);
    assert.deepEqual([await file.generation(), (await file.read())?.generation, await text()], [first, first, 'one']);
    const second = await file.write(bytes('two'), first);
    assert.notEqual(second, first);
    assert.deepEqual([await file.generation(), await text()], [second, 'two']);
    assert.match(file.place, /^gs:\/\/test-.*\/feast\/registry_0\.db$/);
  });

  it('is not written over another version than the one that was read, also where there was none', async () => {
    const first = await file.write(bytes('one'), undefined);
    assert.equal(await file.write(bytes('other'), undefined), undefined);
    await file.write(bytes('two'), first);
    assert.equal(await file.write(bytes('late'), first), undefined);
    assert.equal(await text(), 'two');
  });

  it('is read to its end where the connection breaks in the middle', async () => {
    const data = randomBytes(2 << 20);
    let reads = 0;
    const server = await startRecordingServer(({ query, headers }) => {
      if (query.get('alt') !== 'media') return { json: objectOf(data) };
      const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
      return reads++ === 0 ? { bytes: data, breakOffAfter: 1 << 20 } : { status: 206, bytes: data.subarray(from) };
    });
    const read = await createGcsRegistryFile(server.client.bucket('b'), 'x').read();
    await server.stop();
    assert.ok(data.equals(read!.bytes));
    assert.deepEqual([read!.generation, reads], ['7', 2]);
  });

  it('has one winner of many who write at once', async () => {
    const first = await file.write(bytes('one'), undefined);
    const generations = await Promise.all(Array.from({ length: 8 }, (_, n) => file.write(bytes(`writer ${n}`), first)));
    assert.equal(generations.filter((generation) => generation !== undefined).length, 1);
    assert.equal(await text(), `writer ${generations.findIndex((generation) => generation !== undefined)}`);
  });

  it('without its bucket, or without Cloud Storage, says what to do', async () => {
    const { gcsUrl, project } = await cloudServers();
    const elsewhere = createGcsRegistryFile(createStorageClient({ project, apiEndpoint: gcsUrl }).bucket('no-such-bucket-here'), 'registry.db');
    await assert.rejects(elsewhere.write(bytes('x'), undefined), (error) => error instanceof PipelineError && error.code === 'INVALID_CONFIG' && /no bucket no-such-bucket-here for the feature registry.*registry\.path/.test(error.message));
    const away = createGcsRegistryFile(createStorageClient({ project, apiEndpoint: 'http://127.0.0.1:1', longestPauseSeconds: 1 }).bucket('b'), 'registry.db');
    await assert.rejects(away.generation(), (error) => error instanceof PipelineError && error.code === 'UNAVAILABLE');
  });
});

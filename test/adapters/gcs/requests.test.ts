import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStorageClient } from '../../../adapters/gcs/client.ts';
import { downloadObject } from '../../../adapters/gcs/download.ts';
import { listObjects, objectState, uploadFile } from '../../../adapters/gcs/objects.ts';
import { objectOf as object, startRecordingServer } from './recording-server.ts';
import type { Answer, Asked, RecordingServer } from './recording-server.ts';

const MIB = 1 << 20;
const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('base64');
// Errors: cloud.google.com/storage/docs/json_api/v1/status-codes
const refusal = (status: number, reason: string, message: string): Answer => ({ status, json: { error: { code: status, message, errors: [{ domain: 'global', reason, message }] } } });
const MISSING = refusal(404, 'notFound', 'No such object: b/x');

describe('requests to Cloud Storage', function () {
  this.timeout(30_000);
  let folder: string;
  let server: RecordingServer | undefined;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'gcs-requests-'))));
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    await rm(folder, { recursive: true });
  });

  const fileOf = async (bytes: Buffer): Promise<string> => {
    await writeFile(join(folder, 'file'), bytes);
    return join(folder, 'file');
  };

  // cloud.google.com/storage/docs/performing-resumable-uploads: sessions, Content-Range, 308 with Range, the question `bytes */*`
  describe('that send a large file', () => {
    const data = randomBytes(40 * MIB);

    /** A session that keeps what it got, of which `faults` breaks the PUT with that number off after some bytes were taken. */
    const session = async (faults: Readonly<Record<number, { readonly takes: number; readonly answer: Answer }>>): Promise<Asked[]> => {
      let [stored, puts] = [Buffer.alloc(0), 0];
      const incomplete = (): Answer => ({ status: 308, headers: stored.length === 0 ? {} : { range: `bytes=0-${stored.length - 1}` } });
      const outcome = (): Answer => (stored.length === data.length ? { json: object(stored) } : incomplete());
      server = await startRecordingServer(({ method, body, headers }) => {
        if (method === 'GET') return stored.length === data.length ? { json: object(stored) } : MISSING;
        if (method === 'POST') {
          stored = Buffer.alloc(0);
          return { headers: { location: `${server!.url}/session` } };
        }
        if (headers['content-range'] === 'bytes */*') return outcome();
        const fault = faults[puts++];
        stored = Buffer.concat([stored, body.subarray(0, fault?.takes ?? body.length)]);
        return fault?.answer ?? outcome();
      });
      const state = await uploadFile(server.client.bucket('b'), 'x', await fileOf(data));
      assert.equal(state.md5, md5(data));
      assert.ok(stored.equals(data));
      return server.asked;
    };
    const ranges = (asked: readonly Asked[]): (string | undefined)[] => asked.filter(({ method }) => method === 'PUT').map(({ headers }) => headers['content-range']);

    it('open a session with the hash and the generation that is replaced, and send pieces', async () => {
      const asked = await session({});
      const [start] = asked.filter(({ method }) => method === 'POST');
      assert.equal(start?.path, '/upload/storage/v1/b/b/o');
      assert.deepEqual(Object.fromEntries(start?.query ?? []), { name: 'x', uploadType: 'resumable', ifGenerationMatch: '0' });
      assert.deepEqual(JSON.parse(String(start?.body)), { md5Hash: md5(data) });
      assert.deepEqual([start?.headers['x-upload-content-length'], start?.headers['x-upload-content-type']], [String(data.length), 'application/octet-stream']);
      assert.deepEqual(ranges(asked), ['bytes 0-16777215/41943040', 'bytes 16777216-33554431/41943040', 'bytes 33554432-41943039/41943040']);
    });

    it('go on at the byte that the service has got to, after an error of the service and after a broken connection', async () => {
      const asked = await session({ 1: { takes: 4 * MIB, answer: { status: 503 } }, 2: { takes: 2 * MIB, answer: { breakOffAfter: 0 } } });
      assert.equal(asked.filter(({ method }) => method === 'POST').length, 1, 'one session');
      assert.deepEqual(ranges(asked), ['bytes 0-16777215/41943040', 'bytes 16777216-33554431/41943040', 'bytes */*', 'bytes 20971520-37748735/41943040', 'bytes */*', 'bytes 23068672-39845887/41943040', 'bytes 39845888-41943039/41943040']);
    });

    for (const status of [404, 410]) {
      it(`begin anew where the service has dropped the session (${status})`, async () => {
        const asked = await session({ 1: { takes: 0, answer: refusal(status, 'gone', 'Gone') } });
        assert.equal(asked.filter(({ method }) => method === 'POST').length, 2);
      });
    }

    it('find a file that has arrived when only the answer was lost, and send nothing twice', async () => {
      const asked = await session({ 2: { takes: 8 * MIB, answer: { breakOffAfter: 0 } } });
      assert.deepEqual(ranges(asked).slice(2), ['bytes 33554432-41943039/41943040', 'bytes */*']);
      assert.equal(asked.filter(({ method }) => method === 'POST').length, 1);
    });
  });

  it('send a small file at once with its hash, and not at all where it is already', async () => {
    const data = Buffer.from('whole');
    let there = false;
    server = await startRecordingServer(({ method }) => {
      if (method === 'GET') return there ? { json: object(data) } : MISSING;
      there = true;
      return { json: object(data) };
    });
    for (let i = 0; i < 2; i++) await uploadFile(server.client.bucket('b'), 'x', await fileOf(data));
    assert.deepEqual(server.asked.map(({ method }) => method), ['GET', 'POST', 'GET']);
    const { query, body } = server.asked[1]!;
    assert.deepEqual([query.get('uploadType'), query.get('ifGenerationMatch')], ['multipart', '0']);
    assert.ok(body.includes(md5(data)) && body.includes('whole'));
  });

  it('look again when another writer was faster, and give up when others keep writing', async () => {
    let writes = 0;
    server = await startRecordingServer(({ method }) => {
      if (method === 'GET') return { json: object(Buffer.from('other'), String(writes + 1)) };
      writes += 1;
      return writes < 3 ? refusal(412, 'conditionNotMet', 'At least one of the pre-conditions you specified did not hold.') : { json: object(Buffer.from('mine')) };
    });
    await uploadFile(server.client.bucket('b'), 'x', await fileOf(Buffer.from('mine')));
    assert.deepEqual(server.asked.filter(({ method }) => method === 'POST').map(({ query }) => query.get('ifGenerationMatch')), ['1', '2', '3']);
    await server.stop();
    server = await startRecordingServer(({ method }) => (method === 'GET' ? { json: object(Buffer.from('other')) } : refusal(412, 'conditionNotMet', 'no')));
    await assert.rejects(uploadFile(server.client.bucket('b'), 'x', await fileOf(Buffer.from('mine'))), { code: 'CONFLICT', message: /keep writing/ });
  });

  it('fetch a version from the byte at which it broke off, and check the whole', async () => {
    const data = randomBytes(3 * MIB);
    const [first, second] = [MIB, MIB / 2];
    let gets = 0;
    server = await startRecordingServer(({ headers }) => {
      const start = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
      const rest = { status: start === 0 ? 200 : 206, bytes: data.subarray(start), headers: start === 0 ? {} : { 'content-range': `bytes ${start}-${data.length - 1}/${data.length}` } };
      return [{ ...rest, breakOffAfter: first }, { ...rest, breakOffAfter: second }, rest][gets++] ?? rest;
    });
    const state = { generation: '9', bytes: data.length, md5: md5(data), crc32c: '' };
    await downloadObject(server.client.bucket('b'), 'x', state, join(folder, 'got'), 1);
    assert.ok((await readFile(join(folder, 'got'))).equals(data));
    assert.deepEqual(server.asked.map(({ query }) => query.get('generation')), ['9', '9', '9']);
    assert.match(server.asked[2]?.headers.range ?? '', /^bytes=\d{7}-/);
    await assert.rejects(downloadObject(server.client.bucket('b'), 'x', { ...state, md5: md5(Buffer.from('other')) }, join(folder, 'bad'), 1), { code: 'INVALID_DATA', message: /hash differs/ });
  });

  it('list page after page', async () => {
    // cloud.google.com/storage/docs/json_api/v1/objects/list
    server = await startRecordingServer(({ query }) => ({ json: query.get('pageToken') === null ? { items: [{ ...object(Buffer.from('1')), name: 'p/1' }], nextPageToken: 't' } : { items: [{ ...object(Buffer.from('2')), name: 'p/2' }] } }));
    const names: string[] = [];
    for await (const { name } of listObjects(server.client.bucket('b'), 'p/')) names.push(name);
    assert.deepEqual([names, server.asked.map(({ query }) => query.get('pageToken'))], [['p/1', 'p/2'], [null, 't']]);
  });

  const refused: readonly [string, Answer, string, RegExp][] = [
    ['a missing permission', refusal(403, 'forbidden', 'sa@p.iam.gserviceaccount.com does not have storage.objects.get access'), 'INVALID_CONFIG', /roles\/storage\.objectUser.*bucket b/],
    ['expired credentials', refusal(401, 'authError', 'Invalid Credentials'), 'INVALID_CONFIG', /application-default login/],
    ['a missing bucket', refusal(404, 'notFound', 'The specified bucket does not exist.'), 'INVALID_CONFIG', /no bucket b.*artifacts\.buckets/],
    ['a used-up quota', refusal(403, 'quotaExceeded', 'The bandwidth limit was exceeded.'), 'UNAVAILABLE', /quota/],
  ];
  for (const [what, answer, code, message] of refused) {
    it(`say what to do about ${what}, and are not repeated`, async () => {
      server = await startRecordingServer(() => answer);
      await assert.rejects(objectState(server.client.bucket('b'), 'x'), { code, message });
      assert.ok(server.asked.length <= (code === 'UNAVAILABLE' ? 5 : 1), `${server.asked.length} requests`);
    });
  }

  it('are repeated after 429 and 503, and end in an error that may pass', async () => {
    server = await startRecordingServer((_, index) => [refusal(429, 'rateLimitExceeded', 'too fast'), refusal(503, 'backendError', 'We encountered an internal error.')][index] ?? { json: object(Buffer.from('x')) });
    assert.equal((await objectState(server.client.bucket('b'), 'x'))?.generation, '7');
    assert.equal(server.asked.length, 3);
  });

  it('are broken off where no answer comes, and tried again', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    let asked = 0;
    silent.on('request', () => asked++);
    const client = createStorageClient({ project: 'p', apiEndpoint: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, requestMillis: 100, longestPauseSeconds: 1 });
    await assert.rejects(objectState(client.bucket('b'), 'x'), { code: 'UNAVAILABLE' });
    silent.closeAllConnections();
    silent.close();
    assert.ok(asked > 1, `${asked} requests`);
  });

  it('say which bucket is missing when they write, and that nothing answers', async () => {
    server = await startRecordingServer(({ method }) => (method === 'GET' ? MISSING : refusal(404, 'notFound', 'Not Found')));
    await assert.rejects(uploadFile(server.client.bucket('b'), 'x', await fileOf(Buffer.from('x'))), { code: 'INVALID_CONFIG', message: /no bucket b/ });
    const { client } = server;
    await server.stop();
    server = undefined;
    await assert.rejects(objectState(client.bucket('b'), 'x'), { code: 'UNAVAILABLE', message: /api_endpoint/ });
  });
});

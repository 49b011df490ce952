import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { artifactPlace } from '../../../adapters/mlflow-rest/artifact-place.ts';
import { contentHash, localCopy } from '../../../adapters/mlflow-rest/model-files.ts';
import { connectServer } from '../../../adapters/mlflow-rest/server.ts';
import { startStandIn } from './stand-in.ts';
import type { Answer, Asked } from './stand-in.ts';

const MEGABYTE = 1_000_000;

describe('artifacts through an MLflow server', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'artifacts-'))));
  afterEach(() => rm(folder, { recursive: true }));

  const withServer = async (answer: (asked: Asked, index: number) => Answer, use: (place: ReturnType<typeof artifactPlace>, asked: Asked[]) => Promise<void>, uri = 'mlflow-artifacts:/1/m%20x/artifacts'): Promise<void> => {
    const standIn = await startStandIn(answer);
    try {
      await use(artifactPlace(connectServer({ uri: standIn.uri, auth: { type: 'token', token: 't' }, pauseMillis: 1, timeoutMillis: 2000 }), uri), standIn.asked);
    } finally {
      await standIn.stop();
    }
  };

  it('are sent with their length and as they are, under a path that is quoted', async () => {
    const file = join(folder, 'a file');
    await writeFile(file, 'grün');
    await withServer(() => ({}), async (place, asked) => {
      await place.put('plots/50 % & more#.svg', file);
      assert.deepEqual([asked[0]?.method, asked[0]?.path, asked[0]?.text], ['PUT', '/api/2.0/mlflow-artifacts/artifacts/1/m%20x/artifacts/plots/50%20%25%20%26%20more%23.svg', 'grün']);
      assert.deepEqual([asked[0]?.headers['content-length'], asked[0]?.headers['authorization']], ['5', 'Bearer t']);
    });
  });

  it('say so when the server sends them elsewhere', async () => {
    await writeFile(join(folder, 'file'), 'whole');
    await withServer(() => ({ status: 307, headers: { location: 'https://login.example.com' } }), async (place, asked) => {
      await assert.rejects(place.put('file', join(folder, 'file')), { code: 'INVALID_CONFIG', message: /tracking\.auth/ });
      assert.equal(asked.length, 1);
    });
  });

  it('are sent anew from the start when the server failed', async () => {
    const file = join(folder, 'file');
    await writeFile(file, 'whole');
    await withServer((_, index) => (index === 0 ? { status: 502 } : {}), async (place, asked) => {
      await place.put('file', file);
      assert.deepEqual(asked.map(({ text }) => text), ['whole', 'whole']);
    });
  });

  it('pass in pieces: memory does not grow with the file', async () => {
    const file = join(folder, 'large');
    await writeFile(file, '');
    await truncate(file, 200 * MEGABYTE);
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers)), 5);
    const before = process.memoryUsage().arrayBuffers;
    try {
      await withServer(() => ({}), async (place, asked) => {
        await place.put('large', file);
        assert.equal(asked[0]?.bytes, 200 * MEGABYTE);
      });
    } finally {
      clearInterval(watch);
    }
    assert.ok(most > 0 && most - before < 120 * MEGABYTE, `${Math.round((most - before) / MEGABYTE)} MB beside the file`);
  });

  it('are fetched again when they broke off, and refused when they are not as long as the server says', async () => {
    await withServer((_, index) => (index === 0 ? { headers: { 'content-length': '10' }, body: '01234', breakOff: 'within' } : { body: '0123456789' }), async (place, asked) => {
      await place.get({ path: 'x', bytes: 10 }, join(folder, 'x'));
      assert.deepEqual([await readFile(join(folder, 'x'), 'utf8'), asked.length], ['0123456789', 2]);
      await assert.rejects(place.get({ path: 'x', bytes: 11 }, join(folder, 'y')), { code: 'INVALID_DATA', message: /has 11 bytes.*and 10 came/ });
    });
  });

  it('are listed with their folders, and names that lead elsewhere are refused', async () => {
    const listings: Record<string, unknown> = { '1/m x/artifacts': [{ path: 'MLmodel', file_size: 3 }, { path: 'code', is_dir: true }], '1/m x/artifacts/code': [{ path: 'a.py', file_size: '7' }] };
    const listed = (asked: Asked): Answer => ({ body: { files: listings[new URL(asked.path, 'http://x').searchParams.get('path') ?? ''] } });
    await withServer(listed, async (place) => assert.deepEqual(await place.files(), [{ path: 'MLmodel', bytes: 3 }, { path: 'code/a.py', bytes: 7 }]));
    for (const path of ['..', '../x', '/etc/x', 'a\\b', '', 'a\0']) await withServer(() => ({ body: { files: [{ path, file_size: 1 }] } }), (place) => assert.rejects(place.files(), { code: 'INVALID_DATA' }));
  });

  it('of other places are refused with the way out', async () => {
    const server = connectServer({ uri: 'https://mlflow.example.com', auth: { type: 'none' } });
    for (const uri of ['gs://bucket/x', 's3://bucket/x']) assert.throws(() => artifactPlace(server, uri), { code: 'UNSUPPORTED', message: /--serve-artifacts/ });
    assert.throws(() => artifactPlace(server, 'mlflow-artifacts://other.example.com/1'), { code: 'UNSUPPORTED', message: /other\.example\.com/ });
    assert.equal(artifactPlace(server, 'mlflow-artifacts://mlflow.example.com/1').folder, undefined);
    assert.equal(artifactPlace(server, 'file:///data/1').folder, '/data/1');
  });

  it('make a local copy that is whole, checked, and made once', async () => {
    const files: Record<string, string> = { MLmodel: 'flavors: {}', 'model.onnx': 'graph' };
    const serve = ({ path }: Asked): Answer => (path.includes('?path=') ? { body: { files: Object.entries(files).map(([name, text]) => ({ path: name, file_size: text.length })) } } : { body: files[path.split('/').at(-1) ?? ''] });
    const source = join(folder, 'source');
    const cache = join(folder, 'cache');
    for (const path of [source, cache]) await mkdir(path);
    for (const [name, text] of Object.entries(files)) await writeFile(join(source, name), text);
    const content = await contentHash(source);
    await withServer(serve, async (place, asked) => {
      const copies = await Promise.all([1, 2].map(() => localCopy(place, { folder: cache, maxBytes: 1e6 }, 'm-1', { what: 'm-1', content })));
      assert.deepEqual(copies, [join(cache, 'm-1'), join(cache, 'm-1')]);
      const { length } = asked;
      await localCopy(place, { folder: cache, maxBytes: 1e6 }, 'm-1', { what: 'm-1', content });
      assert.equal(asked.length, length, 'nothing is asked again');
      await assert.rejects(localCopy(place, { folder: cache, maxBytes: 1e6 }, 'm-2', { what: 'm-2', content: 'f'.repeat(64) }), { code: 'INVALID_DATA' });
      assert.deepEqual(await readdir(cache), ['m-1']);
    });
    assert.equal((await stat(join(cache, 'm-1', 'model.onnx'))).size, 5);
  });
});

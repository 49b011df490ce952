import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReadCache } from '../../../adapters/gcs/read-cache.ts';
import type { ObjectState } from '../../../adapters/gcs/objects.ts';

const stateOf = (text: string, generation = '1'): ObjectState => ({ generation, bytes: text.length, md5: createHash('md5').update(text).digest('base64'), crc32c: '' });
const HOURS = 3_600_000;
const filesIn = async (folder: string): Promise<string[]> => (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();

describe('read cache of objects', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'read-cache-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('fetches a content once, whichever object and generation has it', async () => {
    const cache = openReadCache(folder, 1e6);
    let fetched = 0;
    const fetch = async (path: string): Promise<void> => {
      fetched += 1;
      await writeFile(path, 'content');
    };
    const paths = await Promise.all([cache.get(stateOf('content'), 'file', fetch), cache.get(stateOf('content'), 'file', fetch), cache.get(stateOf('content', '2'), 'file', fetch)]);
    paths.push(await cache.get(stateOf('content', '3'), 'file', fetch), await openReadCache(folder, 1e6).get(stateOf('content'), 'file', fetch));
    assert.deepEqual([new Set(paths).size, fetched], [1, 1]);
    assert.deepEqual(await filesIn(folder), [paths[0]]);
    assert.match(await cache.get(stateOf('content'), 'model.txt', fetch), /\/model\.txt$/);
    assert.equal((await stat(paths[0]!)).mode & 0o222, 0, 'nobody writes to it by mistake');
  });

  it('fetches again what was changed or cut short, in this process and before it', async () => {
    const write = (path: string): Promise<void> => writeFile(path, 'content');
    const path = await openReadCache(folder, 1e6).get(stateOf('content'), 'file', write);
    for (const broken of ['CONTENT', 'con']) {
      await chmod(path, 0o644);
      await writeFile(path, broken);
      assert.equal(await readFile(await openReadCache(folder, 1e6).get(stateOf('content'), 'file', write), 'utf8'), 'content');
    }
    const cache = openReadCache(folder, 1e6);
    await cache.get(stateOf('content'), 'file', write);
    await chmod(path, 0o644);
    await writeFile(path, 'changed');
    assert.equal(await readFile(await cache.get(stateOf('content'), 'file', write), 'utf8'), 'content');
  });

  it('keeps nothing of a fetch that failed', async () => {
    const cache = openReadCache(folder, 1e6);
    await assert.rejects(cache.get(stateOf('content'), 'file', async (path) => {
      await writeFile(path, 'con');
      throw new Error('broke off');
    }), /broke off/);
    assert.deepEqual(await readdir(folder), []);
  });

  it('lets go of what was longest not asked for, and of nothing that was asked for within the hour', async () => {
    const cache = openReadCache(folder, 10);
    const put = (text: string): Promise<string> => cache.get(stateOf(text), 'file', (path) => writeFile(path, text));
    const [old, older] = [await put('11111'), await put('22222')];
    const age = async (path: string, hours: number): Promise<void> => utimes(path, new Date(Date.now() - hours * HOURS), new Date(Date.now() - hours * HOURS));
    await age(old, 2);
    await age(older, 3);
    const fresh = await put('33333');
    assert.deepEqual(await filesIn(folder), [old, fresh].sort());
    assert.equal((await readdir(folder)).length, 2, 'no empty folder stays');
    const another = await put('44444');
    const third = await put('55555');
    assert.deepEqual(await filesIn(folder), [fresh, another, third].sort(), 'the limit gives way to what is in use');
  });

  it('takes in a local file that was published, and drops what killed processes left', async () => {
    const cache = openReadCache(folder, 1e6);
    const local = join(await mkdtemp(join(folder, 'attempt-')), 'file');
    await writeFile(join(folder, '.dead.part'), 'x');
    await utimes(join(folder, '.dead.part'), new Date(0), new Date(0));
    await writeFile(local, 'content');
    await cache.adopt(stateOf('content'), 'file', local);
    assert.equal(await readFile(await cache.get(stateOf('content'), 'file', () => assert.fail('it is there')), 'utf8'), 'content');
    assert.ok(!(await readdir(folder)).includes('.dead.part'));
  });
});

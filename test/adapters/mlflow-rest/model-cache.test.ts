import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noteOpened, shrink } from '../../../adapters/mlflow-rest/model-cache.ts';

const HOURS = 3_600_000;

describe('The copies of models', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'model-cache-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const model = async (name: string, hoursAgo: number): Promise<string> => {
    const path = join(folder, name);
    await mkdir(join(path, 'code'), { recursive: true });
    await writeFile(join(path, 'MLmodel'), 'x'.repeat(40));
    await writeFile(join(path, 'code', 'graph'), 'x'.repeat(60));
    const when = new Date(Date.now() - hoursAgo * HOURS);
    await utimes(path, when, when);
    return path;
  };
  const left = async (): Promise<string[]> => (await readdir(folder)).sort();

  it('that were longest not opened go until the others fit', async () => {
    for (const [name, hours] of [['a', 5], ['b', 9], ['c', 2], ['d', 7]] as const) await model(name, hours);
    await shrink({ folder, maxBytes: 250 });
    assert.deepEqual(await left(), ['a', 'c']);
    await shrink({ folder, maxBytes: 200 });
    assert.deepEqual(await left(), ['a', 'c'], 'they fit');
  });

  it('that were opened within the hour stay, however large the cache is', async () => {
    await noteOpened(await model('opened', 8));
    await model('new', 0.5);
    await model('old', 3);
    await shrink({ folder, maxBytes: 1 });
    assert.deepEqual(await left(), ['new', 'opened']);
  });

  it('that are half go after a day', async () => {
    await model('.dead.part', 25);
    await model('.growing.part', 2);
    await shrink({ folder, maxBytes: 1 });
    assert.deepEqual(await left(), ['.growing.part']);
  });

  it('are looked after by several processes at a time', async () => {
    for (let i = 0; i < 20; i++) await model(`m-${i}`, i + 2);
    await Promise.all([1, 2, 3, 4].map(() => shrink({ folder, maxBytes: 500 })));
    assert.ok((await left()).every((name) => !name.endsWith('.part')));
    assert.ok((await left()).length <= 5);
    await noteOpened(join(folder, 'gone'));
  });
});

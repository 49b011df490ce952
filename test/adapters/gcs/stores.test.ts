import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createNpyMatrixStore } from '../../../adapters/file/matrix-store.ts';
import { createFileRunStorage } from '../../../adapters/file/run-storage.ts';
import { createGcsRunStorage } from '../../../adapters/gcs/run-storage.ts';
import { uploadFile } from '../../../adapters/gcs/objects.ts';
import type { RunStorage } from '../../../ports/run-storage.ts';
import { openGcsHarness, PREFIX } from './harness.ts';
import type { GcsHarness } from './harness.ts';

describe('files in Cloud Storage', () => {
  let harness: GcsHarness;
  before(async () => void (harness = await openGcsHarness()));
  after(() => harness.close());

  const local = async (text: string | Buffer): Promise<string> => {
    const path = join(harness.folder, 'local', 'file');
    await writeFile(path, text);
    return path;
  };

  it('are read on another machine as they were written, large ones too', async () => {
    const store = harness.store('here');
    const data = Buffer.alloc(20 << 20, 'pieces ');
    const uri = store.uri('runs/a/large');
    await store.publish(await local(data), uri);
    assert.ok((await readFile(await harness.store('there').localPath(uri))).equals(data));
  });

  it('are not fetched again where they were written, nor when the cache is lost', async () => {
    const store = harness.store('mine');
    const uri = store.uri('runs/a/small');
    await store.publish(await local('small'), uri);
    assert.equal(await readFile(await store.localPath(uri), 'utf8'), 'small');
    await rm(join(harness.folder, 'mine'), { recursive: true });
    assert.equal(await readFile(await store.localPath(uri), 'utf8'), 'small');
  });

  it('hold matrices of float32 as NPY files', async () => {
    const [writer, reader] = ['w', 'r'].map((cache) => createNpyMatrixStore(harness.store(cache)));
    const ref = { uri: harness.store().uri('runs/a/matrix.npy'), rows: 3, columns: 2 };
    await writer!.write(ref, (async function* () { yield* [Float32Array.of(1, 2), Float32Array.of(3, 4, 5, Number.NaN)]; })());
    assert.deepEqual(await reader!.read(ref, { start: 1, end: 3 }), Float32Array.of(3, 4, 5, Number.NaN));
    assert.equal(await harness.store().exists(ref.uri), true);
  });

  it('written by two processes at once end as the whole file of one of them', async () => {
    const uri = harness.store().uri('runs/b/contested');
    const texts = ['one', 'two'].map((text) => text.repeat(1000));
    await Promise.all(texts.map(async (text, i) => {
      const path = join(harness.folder, 'local', `writer ${i}`);
      for (let n = 0; n < 3; n += 1) {
        await writeFile(path, text);
        await harness.store(`writer ${i}`).publish(path, uri);
      }
    }));
    assert.ok(texts.includes(await readFile(await harness.store('c').localPath(uri), 'utf8')));
  });

  describe('as things to clear up', () => {
    let storage: RunStorage;
    before(async () => {
      await harness.bucket.deleteFiles({ force: true });
      storage = createGcsRunStorage({ bucket: harness.bucket, prefix: PREFIX, local: createFileRunStorage(join(harness.folder, 'machine')) });
      for (const name of ['project/runs/k1/a', 'project/runs/k1/deep/b', 'project/runs/k2/a', 'project/other/k3/a', 'runs/k4/a']) await uploadFile(harness.bucket, name, await local('12345'));
      await mkdir(join(harness.folder, 'machine', '.tmp', 'train-x'), { recursive: true });
      await mkdir(join(harness.folder, 'machine', 'runs', 'not ours'), { recursive: true });
    });

    it('are listed by run with size and age, beside the temporary folders of this machine', async () => {
      const found = await storage.list();
      assert.deepEqual(found.map(({ kind, name, bytes }) => [kind, name, bytes]), [['run', 'k1', 10], ['run', 'k2', 5], ['temporary', 'train-x', 0]]);
      assert.ok(found.every(({ changedMillis }) => Math.abs(changedMillis - Date.now()) < 600_000));
    });

    it('go by run, and nothing else goes', async () => {
      await storage.remove({ kind: 'run', name: 'k1' });
      await storage.remove({ kind: 'run', name: 'k1' });
      await storage.remove({ kind: 'temporary', name: 'train-x' });
      assert.deepEqual((await storage.list()).map(({ name }) => name), ['k2']);
      assert.equal((await harness.bucket.getFiles())[0].length, 3);
    });
  });
});

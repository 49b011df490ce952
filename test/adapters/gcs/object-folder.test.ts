import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openObjectFolder } from '../../../adapters/gcs/object-folder.ts';
import { artifactPlace } from '../../../adapters/mlflow-rest/artifact-place.ts';
import { connectServer } from '../../../adapters/mlflow-rest/server.ts';
import { openGcsHarness } from './harness.ts';
import type { GcsHarness } from './harness.ts';

describe('a folder of objects', () => {
  let harness: GcsHarness;
  let folder: string;
  before(async () => {
    harness = await openGcsHarness();
    folder = await mkdtemp(join(tmpdir(), 'object-folder-'));
    await writeFile(join(folder, 'file'), 'grün');
  });
  after(async () => {
    await harness.close();
    await rm(folder, { recursive: true });
  });

  it('is the place of artifacts that an MLflow server has callers write to a bucket', async () => {
    const opened: string[] = [];
    const openBucketFolder = (uri: string) => {
      opened.push(uri);
      return Promise.resolve(openObjectFolder(harness.bucket.storage, uri));
    };
    const place = artifactPlace(connectServer({ uri: 'https://mlflow.example.com', auth: { type: 'none' }, openBucketFolder }), `gs://${harness.bucket.name}/1/a b/artifacts`);
    assert.deepEqual([place.folder, opened], [undefined, []], 'nothing is opened before a file moves');
    assert.deepEqual(await place.files(), []);
    await place.put('plots/50 % & more#.svg', join(folder, 'file'));
    await place.put('plots/50 % & more#.svg', join(folder, 'file'));
    const files = await place.files();
    assert.deepEqual(files, [{ path: 'plots/50 % & more#.svg', bytes: 5 }]);
    await place.get(files[0]!, join(folder, 'copy'));
    assert.equal(await readFile(join(folder, 'copy'), 'utf8'), 'grün');
    assert.equal(opened.length, 1);
  });

  it('has only its own objects, and refuses names that lead elsewhere', async () => {
    const { storage, name } = harness.bucket;
    for (const object of ['m/1/MLmodel', 'm/1/empty/', 'm/10/MLmodel', 'bad/a/../../x']) await harness.bucket.file(object).save('x', { resumable: false });
    assert.deepEqual(await openObjectFolder(storage, `gs://${name}/m/1/`).files(), [{ path: 'MLmodel', bytes: 1 }]);
    await assert.rejects(openObjectFolder(storage, `gs://${name}/bad`).files(), { code: 'INVALID_DATA', message: /no name of a file/ });
    await assert.rejects(openObjectFolder(storage, `gs://${name}/m/1`).get('gone', join(folder, 'gone')), { code: 'NOT_FOUND' });
    assert.throws(() => openObjectFolder(storage, 's3://x/y'), { code: 'INVALID_DATA' });
  });
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createFileArtifactStore } from '../../../adapters/file/artifact-store.ts';
import { describeArtifactStoreContract } from '../../contracts/artifact-store.ts';

describeArtifactStoreContract('folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'artifact-store-'));
  await mkdir(join(folder, 'local'));
  return { store: createFileArtifactStore(join(folder, 'root')), folder: join(folder, 'local'), close: () => rm(folder, { recursive: true, force: true }) };
});

describe('artifact store in a folder', () => {
  let folder: string;
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'artifact-links-')); });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('refuses paths that lead out by a symbolic link, and touches nothing there', async () => {
    const [root, outside, local] = ['root', 'outside', 'local'].map((name) => join(folder, name)) as [string, string, string];
    await mkdir(root);
    await mkdir(outside);
    await writeFile(join(outside, 'secret'), 'secret');
    await writeFile(local, 'x');
    await symlink(outside, join(root, 'link'));
    await symlink(join(outside, 'secret'), join(root, 'file-link'));
    const store = createFileArtifactStore(root);
    for (const name of ['link/secret', 'file-link']) await assert.rejects(store.localPath(store.uri(name)), /symbolic link/);
    await assert.rejects(store.publish(local, store.uri('link/new')), /symbolic link/);
    await assert.rejects(store.remove(store.uri('link/secret')), /symbolic link/);
    await store.remove(store.uri('link'));
    assert.deepEqual(await readdir(outside), ['secret']);
  });

  it('works below a root that is itself reached by a symbolic link', async () => {
    await mkdir(join(folder, 'real'));
    await symlink(join(folder, 'real'), join(folder, 'root'));
    await writeFile(join(folder, 'local'), 'x');
    const store = createFileArtifactStore(join(folder, 'root'));
    await store.publish(join(folder, 'local'), store.uri('a/b'));
    assert.equal(await readFile(join(folder, 'real', 'a', 'b'), 'utf8'), 'x');
  });

  it('takes files from another device', async function () {
    const device = await mkdtemp('/dev/shm/artifact-store-').catch(() => undefined);
    if (device === undefined) return this.skip(); // no second device here
    try {
      await writeFile(join(device, 'local'), 'x');
      const store = createFileArtifactStore(join(folder, 'root'));
      await store.publish(join(device, 'local'), store.uri('a'));
      assert.equal(await readFile(join(folder, 'root', 'a'), 'utf8'), 'x');
      assert.deepEqual(await readdir(join(folder, 'root')), ['a']);
    } finally {
      await rm(device, { recursive: true, force: true });
    }
  });

  it('leaves no half-finished name behind', async () => {
    const store = createFileArtifactStore(join(folder, 'root'));
    for (let i = 0; i < 2; i++) {
      await writeFile(join(folder, 'local'), 'x');
      await store.publish(join(folder, 'local'), store.uri('a'));
    }
    assert.deepEqual(await readdir(join(folder, 'root')), ['a']);
  });

  it('removes the folders of attempts that were killed long ago, and no other', async () => {
    const root = await mkdtemp(join(tmpdir(), 'abandoned-'));
    const store = createFileArtifactStore(root);
    const [old, fresh] = [await store.temporaryFolder('old'), await store.temporaryFolder('fresh')];
    await writeFile(join(old, 'half'), 'written');
    const threeDaysAgo = new Date(Date.now() - 3 * 86_400_000);
    await utimes(old, threeDaysAgo, threeDaysAgo);
    const next = await store.temporaryFolder('next');
    assert.deepEqual((await readdir(dirname(next))).sort(), [basename(fresh), basename(next)].sort());
    await rm(root, { recursive: true });
  });
});

import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';

export interface ArtifactStoreHarness {
  readonly store: ArtifactStore;
  /** A local folder for this test alone. */
  readonly folder: string;
  close(): Promise<void>;
}

const code = (expected: string) => (error: unknown): boolean => error instanceof PipelineError && error.code === expected;

/** What every artifact store promises. */
export function describeArtifactStoreContract(name: string, open: () => Promise<ArtifactStoreHarness>): void {
  describe(`artifact store: ${name}`, () => {
    let harness: ArtifactStoreHarness;
    before(async () => { harness = await open(); });
    after(() => harness.close());

    const publish = async (uri: string, text: string): Promise<void> => {
      const path = join(harness.folder, 'local.txt');
      await writeFile(path, text);
      await harness.store.publish(path, uri);
    };
    const read = async (uri: string): Promise<string> => readFile(await harness.store.localPath(uri), 'utf8');

    it('gives back what was published, and replaces it when published again', async () => {
      const uri = harness.store.uri('runs/a key/data.txt');
      assert.equal(await harness.store.exists(uri), false);
      await publish(uri, 'one');
      assert.equal(await read(uri), 'one');
      assert.equal(basename(await harness.store.localPath(uri)), 'data.txt', 'programs look at the name');
      assert.equal(await harness.store.exists(uri), true);
      await publish(uri, 'two');
      assert.equal(await read(uri), 'two');
    });

    it('has a place to keep files in', () => harness.store.check());

    it('says NOT_FOUND for a file that is not there', async () => {
      await assert.rejects(harness.store.localPath(harness.store.uri('nothing/here')), code('NOT_FOUND'));
      await assert.rejects(harness.store.publish(join(harness.folder, 'missing'), harness.store.uri('x')), code('NOT_FOUND'));
    });

    it('removes a file, everything below a folder, and nothing without complaint', async () => {
      const [one, two, other] = ['gone/1', 'gone/deep/2', 'goner/3'].map((path) => harness.store.uri(path)) as [string, string, string];
      for (const uri of [one, two, other]) await publish(uri, 'x');
      await harness.store.remove(harness.store.uri('gone'));
      await harness.store.remove(harness.store.uri('gone'));
      assert.deepEqual(await Promise.all([one, two, other].map((uri) => harness.store.exists(uri))), [false, false, true]);
    });

    it('refuses names and addresses that lead out of the root', async () => {
      for (const path of ['../x', 'a/../../x', '/etc/passwd', '', 'a//b', './a', 'a/\0b', '.tmp/x']) assert.throws(() => harness.store.uri(path), code('INVALID_INPUT'), JSON.stringify(path));
      const inside = harness.store.uri('a');
      for (const uri of [`${inside.slice(0, -1)}../x`, 'https://example.org/a', 'a', `${inside.slice(0, -1)}%2e%2e/x`]) {
        await assert.rejects(harness.store.localPath(uri), code('INVALID_INPUT'), uri);
        await assert.rejects(harness.store.exists(uri), code('INVALID_INPUT'), uri);
        await assert.rejects(harness.store.remove(uri), code('INVALID_INPUT'), uri);
        await assert.rejects(publish(uri, 'x'), code('INVALID_INPUT'), uri);
      }
    });

    it('gives an empty folder of its own to every attempt', async () => {
      const [a, b] = await Promise.all([harness.store.temporaryFolder('train'), harness.store.temporaryFolder('train')]);
      assert.notEqual(a, b);
      assert.deepEqual(await readdir(a), []);
    });

    it('shows a reader one whole version or the other while files are replaced', async () => {
      const uri = harness.store.uri('busy');
      const texts = ['a', 'b'].map((letter) => letter.repeat(100_000));
      await publish(uri, texts[0]!);
      const writer = (async () => { for (let i = 0; i < 20; i++) await publish(uri, texts[i % 2]!); })();
      for (let i = 0; i < 40; i++) assert.ok(texts.includes(await read(uri)));
      await writer;
    });
  });
}

import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archiveLogs } from '../../cli/archive-logs.ts';
import type { LogArchive } from '../../ports/log-archive.ts';
import { cloudServers } from '../support/cloud-servers.ts';
import { openGcsHarness } from '../adapters/gcs/harness.ts';
import { makeProject, runCommand } from './command.ts';

describe('the archive of logs', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'archive-logs-'))));
  afterEach(() => rm(folder, { recursive: true }));

  const memory = (): { readonly kept: Map<string, string>; readonly archive: LogArchive } => {
    const kept = new Map<string, string>();
    const archive: LogArchive = {
      where: 'gs://logs',
      check: () => Promise.resolve(),
      keep: async (file, name) => {
        kept.set(name, await readFile(file, 'utf8'));
        return `gs://logs/${name}`;
      },
    };
    return { kept, archive };
  };

  it('has whole lines only, of every log file, and one copy of a file that grows', async () => {
    const { kept, archive } = memory();
    await mkdir(join(folder, 'old'));
    await writeFile(join(folder, 'api.log'), 'first\nsecond\nthi');
    await writeFile(join(folder, 'old', 'worker 1.log'), `${'x'.repeat(200_000)}\n`);
    await writeFile(join(folder, 'begun.log'), 'no end');
    await writeFile(join(folder, 'notes.txt'), 'no log\n');
    const archived = await archiveLogs(folder, 'host 1', archive);
    assert.deepEqual(archived.map(({ file, bytes }) => [file, bytes]), [['api.log', 13], ['old/worker 1.log', 200_001]]);
    assert.deepEqual([...kept.values()].map((text) => text.length), [13, 200_001]);
    assert.ok([...kept.keys()].every((name) => /^host_1\/(api|old\/worker_1)\.[0-9a-f]{12}\.log$/.test(name)), [...kept.keys()].join());
    await appendFile(join(folder, 'api.log'), 'rd\n');
    const [again] = await archiveLogs(folder, 'host 1', archive);
    assert.equal(again?.uri, archived[0]?.uri);
    assert.equal(kept.get(again!.uri.slice('gs://logs/'.length)), 'first\nsecond\nthird\n');
  });

  it('keeps what a file held before it was begun anew', async () => {
    const { kept, archive } = memory();
    for (const text of ['monday\n', 'tuesday\n']) {
      await writeFile(join(folder, 'api.log'), text);
      await archiveLogs(folder, 'h', archive);
    }
    assert.deepEqual([...kept.values()], ['monday\n', 'tuesday\n']);
    assert.deepEqual(await archiveLogs(join(folder, 'none'), 'h', archive), []);
  });

  it('is filled by `ml-pipeline logs archive`, and refused where the settings name no bucket', async function () {
    this.timeout(60_000);
    const [project, harness, { gcsUrl }] = [await makeProject(), await openGcsHarness(), await cloudServers()];
    try {
      const refused = await runCommand(project.folder, 'logs', 'archive');
      assert.deepEqual([refused.code, /artifacts\.type gcs/.test(refused.stderr)], [2, true], refused.stderr);
      const file = join(project.folder, 'config', 'environments', 'local.yaml');
      const bucket = { name: harness.bucket.name };
      const artifacts = { type: 'gcs', project: 'p', buckets: { data: bucket, artifacts: bucket, logs: bucket }, api_endpoint: gcsUrl };
      await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as object), artifacts }));
      await mkdir(join(project.folder, 'logs'));
      await writeFile(join(project.folder, 'logs', 'api.log'), '{"event":"started"}\n');
      const { code, stdout, stderr } = await runCommand(project.folder, 'logs', 'archive', '--json');
      assert.equal(code, 0, stderr);
      const [{ uri }] = (JSON.parse(stdout) as { archived: [{ uri: string }] }).archived;
      const [text] = await harness.bucket.file(uri.slice(`gs://${harness.bucket.name}/`.length)).download();
      assert.equal(String(text), '{"event":"started"}\n');
    } finally {
      await Promise.all([harness.close(), project.remove()]);
    }
  });
});

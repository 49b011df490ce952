import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '..', '..', 'bin');

describe('bin/ml-pipeline.js', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-bin-'));
    await cp(BIN, join(folder, 'bin'), { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const run = (): Promise<{ readonly code: unknown; readonly stderr: string }> =>
    new Promise((resolve) => execFile(process.execPath, [join(folder, 'bin', 'ml-pipeline.js')], (error, _, stderr) => resolve({ code: error?.code ?? 0, stderr })));

  it('says what a package that was packed without being built lacks, and what to do', async () => {
    const { code, stderr } = await run();
    assert.equal(code, 2);
    assert.match(stderr, /^error: this package holds no compiled code \(.*\/dist\/cli\/main\.js is missing\): it was packed without being built\.\nIn the checkout .* `npm run pack`, .*\n$/);
  });

  it('says what a checkout without npm modules lacks', async () => {
    await mkdir(join(folder, 'cli'));
    await writeFile(join(folder, 'cli', 'main.ts'), 'throw new Error("not reached");');
    assert.deepEqual(await run(), { code: 2, stderr: 'error: the npm modules of this checkout are not installed. Run in its folder: npm ci\n' });
  });

  it('runs the compiled command of a package', async () => {
    await mkdir(join(folder, 'dist', 'cli'), { recursive: true });
    await writeFile(join(folder, 'dist', 'cli', 'main.js'), 'console.error("compiled"); process.exitCode = 7;');
    assert.deepEqual(await run(), { code: 7, stderr: 'compiled\n' });
  });
});

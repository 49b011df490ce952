import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFeatureRepositorySource } from '../../../adapters/feature-repo/feature-repository-source.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { OnDemandFeatureView } from '../../../domain/features/definitions.ts';

const domain = (name: string): string => new URL(`../../../domain/features/${name}.ts`, import.meta.url).href;
const INDEX = `import { defineFeatureRepository } from '${domain('define')}';
import { defineOnDemandFeatureView } from '${domain('define-on-demand')}';
import double from './transforms/double.ts';
export default defineFeatureRepository({ entities: [], featureViews: [], featureServices: [], onDemandFeatureViews: [defineOnDemandFeatureView({
  name: 'double', inputs: [], request: [{ name: 'x', type: 'Float64' }], features: [{ name: 'twice', type: 'Float64' }], transform: double, module: 'transforms/double.ts' })] });
`;
const DOUBLE = `import { times } from './lib/times.ts';
interface Row { readonly x: number | null }
/** Twice as much. */
export default function double({ x }: Row) { return { twice: x === null ? null : times(x, 2) }; }
`;

describe('The transforms of a feature repository', () => {
  let project: string;
  let folder: string;
  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), 'transforms-'));
    folder = join(project, 'feature_repo');
    await mkdir(join(folder, 'transforms', 'lib'), { recursive: true });
    await write('../package.json', '{"type":"module"}');
    await write('index.ts', INDEX);
    await write('transforms/double.ts', DOUBLE);
    await write('transforms/lib/times.ts', 'export const times = (a: number, b: number): number => a * b;\n');
  });
  afterEach(() => rm(project, { recursive: true }));
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  const load = async (): Promise<OnDemandFeatureView> => (await createFeatureRepositorySource(folder).load()).onDemandFeatureViews![0]!;
  const problems = async (): Promise<string> => {
    const error: unknown = await load().catch((reason: unknown) => reason);
    assert.ok(error instanceof PipelineError && error.code === 'INVALID_DEFINITION', String(error));
    return error.problems.map(({ path, message, cure }) => `${path}: ${message} ${cure ?? ''}`).join('\n');
  };

  it('are bundled into one module that any Node runs, the same wherever the project lies, named by its hash', async () => {
    const { bundle, ...view } = await load();
    assert.equal('transform' in view, false);
    assert.equal(bundle!.sha256, createHash('sha256').update(bundle!.source).digest('hex'));
    assert.doesNotMatch(bundle!.source, /import |feature_repo|tmp/);
    await write('../double.mjs', bundle!.source);
    assert.equal(execFileSync(process.execPath, ['--input-type=module', '-e', `import f from ${JSON.stringify(join(project, 'double.mjs'))}; console.log(f({ x: 21 }).twice);`], { encoding: 'utf8' }), '42\n');
    const moved = await mkdtemp(join(tmpdir(), 'elsewhere-'));
    execFileSync('cp', ['-r', folder, join(moved, 'definitions')]);
    await writeFile(join(moved, 'package.json'), '{"type":"module"}');
    assert.deepEqual((await createFeatureRepositorySource(join(moved, 'definitions')).load()).onDemandFeatureViews![0]!.bundle, bundle);
    await rm(moved, { recursive: true });
  });

  it('change with what they import', async () => {
    const before = await load();
    await write('transforms/lib/times.ts', 'export const times = (a: number, b: number): number => b * a;\n');
    assert.notEqual((await load()).bundle!.sha256, before.bundle!.sha256);
  });

  it('are refused where they reach beyond their row: modules of Node, files outside of the repository, promises', async () => {
    await write('transforms/double.ts', `import { readFileSync } from 'node:fs';\n${DOUBLE.replace('times(x, 2)', "Number(readFileSync('/etc/hostname'))")}`);
    assert.match(await problems(), /transforms\/double\.ts:1: It imports node:fs, a module of Node/);
    await writeFile(join(project, 'outside.ts'), 'export const times = (a: number, b: number): number => a * b;\n');
    await write('transforms/double.ts', DOUBLE.replace('./lib/times.ts', '../../outside.ts'));
    assert.match(await problems(), /It imports \.\.\/\.\.\/outside\.ts, which lies outside of the feature repository/);
    await write('transforms/double.ts', DOUBLE.replace('export default function', 'export default async function'));
    assert.match(await problems(), /double\.transform: It is async/);
  });

  it('are the function that the definition was checked with', async () => {
    await write('transforms/other.ts', 'export default (row: { readonly x: number | null }) => ({ twice: row.x });\n');
    await write('index.ts', INDEX.replace("module: 'transforms/double.ts'", "module: 'transforms/other.ts'"));
    assert.match(await problems(), /double\.transform: It is not the default export of transforms\/other\.ts/);
    await write('index.ts', INDEX.replace("module: 'transforms/double.ts'", "module: 'transforms/none.ts'"));
    assert.match(await problems(), /There is no file transforms\/none\.ts/);
  });
});

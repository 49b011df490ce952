import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import YAML from 'yaml';
import { LOADER_MODULE, LOADER_SOURCE } from '../../../adapters/mlflow/artifact/python-loader.ts';
import { createModelPackager } from '../../../adapters/mlflow/model-packager.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { PackageRequest } from '../../../ports/model-packager.ts';
import { exampleArtifact, examplePackage } from './example-model.ts';

const IDS = { modelId: `m-${'1'.repeat(32)}`, runId: '2'.repeat(32), artifactUri: 'file:///somewhere/mlruns/1/models/m-1/artifacts' };
const packager = createModelPackager();

describe('a wrapped artifact', () => {
  let work: string;
  let folder: string;
  beforeEach(async () => {
    work = await mkdtemp(join(tmpdir(), 'packager-'));
    folder = join(work, 'model');
    await mkdir(folder);
  });
  afterEach(() => rm(work, { recursive: true }));
  const texts = async (): Promise<Map<string, string>> => {
    const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return new Map(await Promise.all(names.map(async (name): Promise<[string, string]> => [name.slice(folder.length + 1), await readFile(name, 'latin1')])));
  };
  const mlmodel = async () => YAML.parse(await readFile(join(folder, 'MLmodel'), 'utf8'), { version: '1.1' }) as { signature: { inputs: string; outputs: string }; flavors: Record<string, Record<string, unknown>>; model_size_bytes: number };

  it('is read back as it was written', async () => {
    for (const task of ['classification', 'regression'] as const) {
      const target = join(folder, task);
      await mkdir(target);
      await packager.write(target, await examplePackage(work, task, IDS));
      const read = await packager.read(target);
      assert.deepEqual(read.artifact, exampleArtifact(task));
      assert.deepEqual([read.modelId, read.runId], [IDS.modelId, IDS.runId]);
      assert.deepEqual(await readFile(read.onnxFile), await readFile(join(work, 'graph.onnx')));
      assert.equal(await readFile(join(target, 'model.json'), 'utf8'), '{"coefficients":[0.7]}');
    }
  });

  it('keeps the functions of on-demand features in files of their own, knows when one was changed, and does without what a model has not', async () => {
    const request = await examplePackage(work, 'regression', IDS);
    const { features: _f, featureService: _s, tuning: _t, ...plain } = request.artifact;
    const source = 'export default (row) => ({ double: 2 * row.x });\n';
    const onDemand = [{ name: 'twice', inputs: [], request: [{ name: 'x', type: 'Float64' as const }], asOf: false, outputs: [{ feature: 'double', column: 'double', type: 'Float64' as const }], source, sha256: createHash('sha256').update(source).digest('hex') }];
    const features = { views: [], columns: [], onDemand };
    await writeFile(join(work, 'roc.svg'), '<svg/>');
    await packager.write(folder, { ...request, artifact: { ...plain, entities: [], features }, extraFiles: { 'evaluation/roc.svg': join(work, 'roc.svg') } });
    assert.deepEqual((await packager.read(folder)).artifact, { ...plain, entities: [], features });
    assert.equal(await readFile(join(folder, 'transforms/twice.mjs'), 'utf8'), source);
    assert.doesNotMatch(await readFile(join(folder, 'feature_views.json'), 'utf8'), /double: 2/);
    assert.equal(await readFile(join(folder, 'evaluation/roc.svg'), 'utf8'), '<svg/>');
    await writeFile(join(folder, 'transforms/twice.mjs'), source.replace('2', '3'));
    await assert.rejects(packager.read(folder), (error: unknown) => error instanceof PipelineError && error.code === 'INVALID_DATA' && error.message.includes('transforms/twice.mjs'));
  });

  it('names raw columns in its signature: features may be left out, the others not, missing values are allowed', async () => {
    await packager.write(folder, await examplePackage(work, 'classification', IDS));
    const { signature, flavors, model_size_bytes: size } = await mlmodel();
    assert.deepEqual(JSON.parse(signature.inputs), [
      { type: 'double', name: 'temp', required: false },
      { type: 'double', name: 'distance', required: true },
      { type: 'string', name: 'carrier', required: true },
    ]);
    assert.deepEqual((JSON.parse(signature.outputs) as { name: string; type: string }[]).map(({ name, type }) => `${name} ${type}`), ['label long', 'probability_on_time float', 'probability_late float', 'class string']);
    assert.equal(flavors['python_function']?.['loader_module'], LOADER_MODULE);
    assert.ok(size > (await stat(join(folder, 'model.onnx'))).size);
    assert.deepEqual(JSON.parse(await readFile(join(folder, 'input_example.json'), 'utf8')), { columns: ['temp', 'distance', 'carrier'], data: [[3.3, 1400, 'AA'], [null, 229.5, 'UA']] });
  });

  it("names no host, path, user or place outside MLflow's own fields", async () => {
    await packager.write(folder, await examplePackage(work, 'classification', IDS));
    for (const [name, text] of await texts()) {
      const own = name === 'MLmodel' ? text.replace(/^artifact_path: .*$/m, '') : text;
      for (const word of [work, '/somewhere', 'file://', 'gs://', hostname(), 'localhost', '127.0.0.1', 'password', process.cwd()]) assert.ok(!own.includes(word), `${name} names ${word}`);
    }
  });

  it('has a Python loader whose name changes with its text', () => {
    const known: Record<string, string> = { ml_pipeline_onnx_v1: '900f9da266065fff11ee26562abae9e998f130bf8d109105e778fe0135eb6b65' };
    assert.equal(createHash('sha256').update(LOADER_SOURCE).digest('hex'), known[LOADER_MODULE], `the text of ${LOADER_MODULE} changed: give it the next number`);
  });

  it('is not written when anything of it does not fit, and every problem is named', async () => {
    const request = await examplePackage(work, 'classification', IDS);
    const [temp, distance] = request.artifact.inputs;
    assert.ok(temp && distance);
    const wrong: PackageRequest = {
      ...request,
      artifact: { ...request.artifact, inputs: [temp, { ...distance, name: 'miles' }], classes: [], inputExample: [{ temp: Number.NaN, miles: 'far' }] },
      libraryFiles: [join(work, 'gone.txt')],
      extraFiles: { 'wrapped_artifact.json': join(work, 'model.json') },
    };
    await assert.rejects(packager.write(folder, wrong), (error) => {
      assert.ok(error instanceof PipelineError && error.code === 'INVALID_INPUT');
      assert.deepEqual(error.problems.map((problem) => problem.path), ['artifact.inputs', 'onnxFile', 'artifact.inputExample[0].temp', 'artifact.inputExample[0].miles', 'gone.txt', 'wrapped_artifact.json', 'artifact.estimator.libraryFiles']);
      return true;
    });
    assert.deepEqual(await readdir(folder), []);
  });

  it('is refused when it is incomplete, of a later format, or not ours', async () => {
    await packager.write(folder, await examplePackage(work, 'classification', IDS));
    const core = join(folder, 'wrapped_artifact.json');
    const text = await readFile(core, 'utf8');
    const refused = (code: string, message: RegExp) => assert.rejects(packager.read(folder), (error) => error instanceof PipelineError && error.code === code && message.test(error.message));
    await writeFile(core, text.replace('"format": 1', '"format": 2'));
    await refused('UNSUPPORTED', /format 2/);
    await writeFile(core, text.slice(0, -20));
    await refused('INVALID_DATA', /wrapped_artifact\.json is not JSON/);
    await rm(core);
    await refused('UNSUPPORTED', /not made by ml-pipeline/);
    await writeFile(core, text);
    await rm(join(folder, 'recipe.yaml'));
    await refused('INVALID_DATA', /recipe\.yaml is missing/);
    await rm(join(folder, 'MLmodel'));
    await refused('INVALID_DATA', /MLmodel is missing/);
  });
});

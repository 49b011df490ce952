import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import { modelOutputs } from '../../ml/model-outputs.ts';
import type { ModelPackager, PackageRequest, PackagedModel } from '../../ports/model-packager.ts';
import { artifactFiles, readArtifact } from './artifact/artifact-files.ts';
import { readGraphInterface } from './artifact/graph-interface.ts';
import type { GraphValue } from './artifact/graph-interface.ts';
import { environmentFiles, exampleFiles, formatMlmodel } from './artifact/mlmodel.ts';
import { LOADER_MODULE, LOADER_SOURCE } from './artifact/python-loader.ts';
import { checkArtifactPath } from './checks.ts';
import { metaText, readMeta } from './meta-yaml.ts';
import { evaluationPlots } from './plots/evaluation-plots.ts';

/** Writes and reads wrapped artifacts as MLflow model folders; docs/mlflow.md says what is in each file. */
export function createModelPackager(): ModelPackager {
  return { write: writeModelFolder, read: readModelFolder };
}

async function writeModelFolder(folder: string, request: PackageRequest): Promise<void> {
  const { artifact } = request;
  const graph = readGraphInterface(await readFile(request.onnxFile));
  const texts: Readonly<Record<string, string>> = { ...artifactFiles(artifact), ...evaluationPlots(artifact), ...exampleFiles(artifact), ...environmentFiles(), [`code/${LOADER_MODULE}.py`]: LOADER_SOURCE };
  const copies = { 'model.onnx': request.onnxFile, ...Object.fromEntries(request.libraryFiles.map((file) => [basename(file), file])), ...request.extraFiles };
  refuseProblems('INVALID_INPUT', `The model ${request.modelId} cannot be packaged.`, [
    ...graphProblems(request, graph.inputs, graph.outputs),
    ...exampleProblems(request),
    ...(await fileProblems(request, Object.keys(texts))),
  ]);
  let bytes = 0;
  for (const [name, text] of Object.entries(texts)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
    bytes += Buffer.byteLength(text);
  }
  for (const [name, file] of Object.entries(copies)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await copyFile(file, join(folder, name));
    bytes += (await stat(file)).size;
  }
  await writeFile(join(folder, 'MLmodel'), formatMlmodel(request, graph.outputs, bytes));
}

async function readModelFolder(folder: string): Promise<PackagedModel> {
  const meta = await readMeta(join(folder, 'MLmodel'));
  if (meta === undefined) throw new PipelineError('INVALID_DATA', `There is no MLflow model in ${folder}: the file MLmodel is missing.`);
  const artifact = await readArtifact(folder);
  const onnxFile = join(folder, 'model.onnx');
  await stat(onnxFile).catch((error: unknown) => {
    throw new PipelineError('INVALID_DATA', `The model in ${folder} is incomplete: model.onnx is missing. Train it anew.`, { cause: error });
  });
  return { artifact, modelId: metaText(meta, 'model_id'), runId: metaText(meta, 'run_id'), onnxFile };
}

/** The graph must take exactly the columns that the artifact describes, and give what a model of its classes gives. */
function graphProblems({ artifact }: PackageRequest, inputs: readonly GraphValue[], outputs: readonly GraphValue[]): Problem[] {
  const described = artifact.inputs.map(({ name, type }) => `${name} (${type})`).sort().join(', ');
  const taken = inputs.map(({ name, type }) => `${name} (${type === 'string' ? 'string' : 'number'})`).sort().join(', ');
  const problems: Problem[] = [];
  if (described !== taken) problems.push({ path: 'artifact.inputs', message: `They are ${described || 'none'}, and the graph takes ${taken || 'none'}.` });
  const wanted = modelOutputs(artifact.classes).map((output) => output.name).join(', ');
  const given = outputs.map((output) => output.name).join(', ');
  if (wanted !== given) problems.push({ path: 'onnxFile', message: `The graph's outputs are ${given || 'none'}; those of a model with ${artifact.classes.length} classes are ${wanted}.` });
  return problems;
}

function exampleProblems({ artifact }: PackageRequest): Problem[] {
  return artifact.inputExample.flatMap((row, index) =>
    artifact.inputs.flatMap(({ name, type }) => {
      const value = row[name] ?? null;
      if (value === null || (typeof value === type && (type === 'string' || Number.isFinite(value)))) return [];
      return [{ path: `artifact.inputExample[${index}].${name}`, message: `It must be a ${type} or null, and is a ${typeof value}${type === 'number' ? ' (not finite)' : ''}.` }];
    }),
  );
}

/** Names of the files given must not be those of ours, must stay in the folder, and be there. */
async function fileProblems(request: PackageRequest, taken: readonly string[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  const names = new Set(['MLmodel', 'model.onnx', ...taken]);
  const given: [string, string][] = [...request.libraryFiles.map((file): [string, string] => [basename(file), file]), ...Object.entries(request.extraFiles ?? {})];
  for (const [name, file] of given) {
    checkArtifactPath(name);
    if (names.has(name)) problems.push({ path: name, message: 'The artifact has a file of that name already.' });
    names.add(name);
    if (!(await stat(file).then((found) => found.isFile(), () => false))) problems.push({ path: name, message: `There is no file ${file}.` });
  }
  const listed = [...request.artifact.estimator.libraryFiles].sort().join(', ');
  const brought = request.libraryFiles.map((file) => basename(file)).sort().join(', ');
  if (listed !== brought) problems.push({ path: 'artifact.estimator.libraryFiles', message: `They are ${listed || 'none'}, and the files given are ${brought || 'none'}.` });
  return problems;
}

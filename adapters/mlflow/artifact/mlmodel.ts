import type { WrappedArtifact } from '../../../domain/model/wrapped-artifact.ts';
import type { PackageRequest } from '../../../ports/model-packager.ts';
import { formatYaml } from '../meta-yaml.ts';
import type { GraphValue } from './graph-interface.ts';
import { LOADER_MODULE } from './python-loader.ts';

/** The MLflow whose format this is, and a Python that it runs on. A reader's own may be others. */
const MLFLOW_VERSION = '3.17.2';
const PYTHON_VERSION = '3.11.7';
const ONNX_VERSION = '1.23.2';
const REQUIREMENTS = ['mlflow>=3.0,<4', 'onnxruntime>=1.20', 'pandas', 'numpy'];

interface ColumnSpec {
  readonly type: string;
  readonly name: string;
  readonly required: boolean;
}

/**
 * MLflow's signature. Inputs are the raw columns: `double`, since a missing value makes any number column one, or `string`. A feature may be left out
 * altogether; a request or entity column must be there, though its values may be missing. Outputs are the graph's, and the class label beside its index.
 */
export function signatureOf(artifact: WrappedArtifact, outputs: readonly GraphValue[]): { readonly inputs: readonly ColumnSpec[]; readonly outputs: readonly ColumnSpec[] } {
  const label: ColumnSpec[] = artifact.classes.length === 0 ? [] : [{ type: 'string', name: 'class', required: true }];
  return {
    inputs: artifact.inputs.map(({ name, type, origin }) => ({ type: type === 'number' ? 'double' : 'string', name, required: origin !== 'feature' })),
    outputs: [...outputs.map(({ name, type }) => ({ type, name, required: true })), ...label],
  };
}

/** The text of the file `MLmodel`. */
export function formatMlmodel(request: PackageRequest, outputs: readonly GraphValue[], sizeBytes: number): string {
  const signature = signatureOf(request.artifact, outputs);
  return formatYaml({
    artifact_path: request.artifactUri,
    flavors: {
      onnx: { code: 'code', data: 'model.onnx', onnx_session_options: { intra_op_num_threads: 1 }, onnx_version: ONNX_VERSION, providers: ['CPUExecutionProvider'] },
      python_function: { code: 'code', data: 'model.onnx', env: { conda: 'conda.yaml', virtualenv: 'python_env.yaml' }, loader_module: LOADER_MODULE, python_version: PYTHON_VERSION },
    },
    mlflow_version: MLFLOW_VERSION,
    model_id: request.modelId,
    model_size_bytes: sizeBytes,
    model_uuid: request.modelId,
    run_id: request.runId,
    saved_input_example_info: { artifact_path: 'input_example.json', pandas_orient: 'split', serving_input_path: 'serving_input_example.json', type: 'dataframe' },
    signature: { inputs: JSON.stringify(signature.inputs), outputs: JSON.stringify(signature.outputs), params: null },
    utc_time_created: new Date(request.createdMillis).toISOString().replace('T', ' ').replace('Z', '000'),
  });
}

/** Files from which MLflow makes an environment to serve the model in. */
export function environmentFiles(): Readonly<Record<string, string>> {
  return {
    'requirements.txt': `${REQUIREMENTS.join('\n')}\n`,
    'python_env.yaml': formatYaml({ python: PYTHON_VERSION, build_dependencies: ['pip', 'setuptools', 'wheel'], dependencies: ['-r requirements.txt'] }),
    'conda.yaml': formatYaml({ channels: ['conda-forge'], dependencies: [`python=${PYTHON_VERSION}`, 'pip', { pip: REQUIREMENTS }], name: 'mlflow-env' }),
  };
}

/** The input example, as MLflow reads it and as its scoring server takes it. */
export function exampleFiles(artifact: WrappedArtifact): Readonly<Record<string, string>> {
  const columns = artifact.inputs.map((input) => input.name);
  const split = { columns, data: artifact.inputExample.map((row) => columns.map((name) => row[name] ?? null)) };
  return { 'input_example.json': JSON.stringify(split), 'serving_input_example.json': JSON.stringify({ dataframe_split: split }, null, 2) };
}

import { InferenceSession } from 'onnxruntime-node';
import { PipelineError } from '../../domain/errors.ts';
import { METADATA_KEYS } from './build-graphs.ts';
import { readGraphFile, readMetadata } from './graph-file.ts';

/** A graph ready to run, and what its file says about itself. */
export interface OpenGraph {
  readonly session: InferenceSession;
  readonly inputs: readonly { readonly name: string; readonly type: 'number' | 'string' }[];
  readonly matrixColumns: number;
  /** undefined: the file is no model graph. */
  readonly classes: readonly string[] | undefined;
}

/**
 * One thread inside an operator: with more, one row and the same row in a batch can differ in the last bits (docs/numbers.md).
 * Severity 4 logs fatal errors alone: all others are thrown, and need not be on the terminal as well.
 */
const SESSION_OPTIONS = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all', logSeverityLevel: 4 } as const;

/** NOT_FOUND without the file; INVALID_DATA when onnxruntime cannot load it or it was not written by this adapter. */
export async function openGraph(path: string): Promise<OpenGraph> {
  const bytes = await readGraphFile(path);
  const metadata = readMetadata(bytes);
  const matrixColumns = Number(metadata.get(METADATA_KEYS.matrixColumns));
  if (!(matrixColumns > 0)) throw new PipelineError('INVALID_DATA', `${path} does not say how many matrix columns it has; it was not written by ml-pipeline`);
  const classes = metadata.get(METADATA_KEYS.classes);
  const session = await createSession(bytes, path);
  const inputs = session.inputMetadata.map(({ name, isTensor, ...rest }) => ({ name, type: isTensor && 'type' in rest && rest.type === 'string' ? 'string' as const : 'number' as const }));
  return { session, inputs, matrixColumns, classes: classes === undefined ? undefined : (JSON.parse(classes) as string[]) };
}

async function createSession(bytes: Uint8Array, path: string): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, SESSION_OPTIONS);
  } catch (error) {
    throw new PipelineError('INVALID_DATA', `onnxruntime cannot load ${path}: ${(error as Error).message}`, { cause: error });
  }
}

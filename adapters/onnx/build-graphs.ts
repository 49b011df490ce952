import type { FittedPreprocessor } from '../../domain/model/preprocessor.ts';
import type { ModelGraphSpec } from '../../ports/model-graph.ts';
import { GraphBuilder } from './graph-builder.ts';
import { addLinear } from './linear-nodes.ts';
import { addOutputs, checkOutputs } from './output-nodes.ts';
import { addPreprocessing } from './preprocessing-nodes.ts';
import type { ProtobufMessage } from './protobuf-writer.ts';
import { addTrees } from './tree-nodes.ts';

/** The one output of a preprocessing graph: float [N, outputColumns]. */
export const MATRIX_OUTPUT = '~matrix';

/** Keys of what a graph file says about itself (metadata_props). */
export const METADATA_KEYS = {
  /** JSON array of the class labels in output order; empty for regression. Only in model graphs. */
  classes: 'classes',
  /** Number of matrix columns between preprocessing and model. */
  matrixColumns: 'matrix_columns',
} as const;

export function preprocessingGraph(preprocessor: FittedPreprocessor): ProtobufMessage {
  const graph = new GraphBuilder();
  const matrix = addPreprocessing(graph, preprocessor);
  graph.node('Identity', [matrix], {}, { output: MATRIX_OUTPUT });
  graph.output(MATRIX_OUTPUT, 'float', ['N', preprocessor.outputColumns.length]);
  graph.metadata(METADATA_KEYS.matrixColumns, String(preprocessor.outputColumns.length));
  return graph.message();
}

export function modelGraph(spec: ModelGraphSpec): ProtobufMessage {
  checkOutputs(spec.model, spec.classes);
  const graph = new GraphBuilder();
  const columns = spec.preprocessor.outputColumns.length;
  const matrix = addPreprocessing(graph, spec.preprocessor);
  const raw = spec.model.kind === 'trees' ? addTrees(graph, matrix, columns, spec.model) : addLinear(graph, matrix, columns, spec.model);
  addOutputs(graph, raw, spec.model, spec.classes);
  graph.metadata(METADATA_KEYS.classes, JSON.stringify(spec.classes));
  graph.metadata(METADATA_KEYS.matrixColumns, String(columns));
  return graph.message();
}

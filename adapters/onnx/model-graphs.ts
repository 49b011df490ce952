import { PipelineError } from '../../domain/errors.ts';
import { modelOutputs, probabilityNames } from '../../ml/model-outputs.ts';
import type { ModelGraphs, ModelSession, PreprocessingGraph } from '../../ports/model-graph.ts';
import { MATRIX_OUTPUT, modelGraph, preprocessingGraph } from './build-graphs.ts';
import { writeGraphFile } from './graph-file.ts';
import { openGraph } from './open-session.ts';
import { runInChunks } from './run-graph.ts';

/** Graphs as ONNX files, run by onnxruntime. A run holds the thread that calls it: parallel work takes several processes. */
export function createOnnxModelGraphs(): ModelGraphs {
  return {
    writePreprocessing: async (preprocessor, path) => writeGraphFile(preprocessingGraph(preprocessor), path),
    writeModel: async (spec, path) => writeGraphFile(modelGraph(spec), path),
    openPreprocessing,
    openModel,
  };
}

async function openPreprocessing(path: string): Promise<PreprocessingGraph> {
  const graph = await openGraph(path);
  return {
    async transform(batch) {
      const matrix = new Float32Array(batch.rowCount * graph.matrixColumns);
      await runInChunks(graph, batch, (outputs, start) => matrix.set(outputs[MATRIX_OUTPUT]!.data as Float32Array, start * graph.matrixColumns));
      return matrix;
    },
    close: () => graph.session.release(),
  };
}

async function openModel(path: string): Promise<ModelSession> {
  const graph = await openGraph(path);
  const { classes } = graph;
  if (classes === undefined) throw new PipelineError('INVALID_DATA', `${path} holds preprocessing alone, no model`);
  const [main] = modelOutputs(classes);
  const names = classes.length === 0 ? [] : probabilityNames(classes);
  return {
    inputs: graph.inputs,
    classes,
    async predict(batch) {
      const predictions = new Float64Array(batch.rowCount);
      const probabilities = names.map(() => new Float32Array(batch.rowCount));
      await runInChunks(graph, batch, (outputs, start) => {
        const values = outputs[main!.name]!.data as Float32Array | BigInt64Array;
        for (let i = 0; i < values.length; i++) predictions[start + i] = Number(values[i]);
        names.forEach((name, index) => probabilities[index]!.set(outputs[name]!.data as Float32Array, start));
      });
      return { predictions, probabilities };
    },
    close: () => graph.session.release(),
  };
}

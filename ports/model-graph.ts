import type { RecordBatch } from '../domain/data/columns.ts';
import type { FittedModel } from '../domain/model/fitted-model.ts';
import type { FittedPreprocessor } from '../domain/model/preprocessor.ts';

/** What a model is asked and what it answers, beside the graph. */
export interface ModelGraphSpec {
  readonly preprocessor: FittedPreprocessor;
  readonly model: FittedModel;
  /** Class labels in output order; empty for regression. */
  readonly classes: readonly string[];
}

/** Builds the one graph that preprocesses and predicts (ONNX), and runs it. Sessions use one intra-op thread, so that one row and the same row in a batch agree in bits. */
export interface ModelGraphs {
  /** The graph of preprocessing alone: raw columns to the matrix. */
  writePreprocessing(preprocessor: FittedPreprocessor, path: string): Promise<void>;
  /** The whole graph: raw columns to predictions. */
  writeModel(spec: ModelGraphSpec, path: string): Promise<void>;
  openPreprocessing(path: string): Promise<PreprocessingGraph>;
  openModel(path: string): Promise<ModelSession>;
}

export interface PreprocessingGraph {
  /** Rows of float32 in C order, `rowCount * outputColumns` values. Missing numbers are NaN, missing strings null. */
  transform(batch: RecordBatch): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface ModelSession {
  /** The raw columns that the graph takes, in its order. */
  readonly inputs: readonly { readonly name: string; readonly type: 'number' | 'string' }[];
  /** Class labels; empty for regression. */
  readonly classes: readonly string[];
  /** Batch columns are found by name; extra ones are ignored. Numbers are rounded to float32 once. */
  predict(batch: RecordBatch): Promise<Predictions>;
  close(): Promise<void>;
}

export interface Predictions {
  /** Class index (classification) or value (regression), one per row. */
  readonly predictions: Float64Array;
  /** One array per class, in class order; empty for regression. */
  readonly probabilities: readonly Float32Array[];
}

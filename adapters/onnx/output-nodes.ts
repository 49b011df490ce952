import { PipelineError } from '../../domain/errors.ts';
import type { FittedModel } from '../../domain/model/fitted-model.ts';
import { modelOutputs, probabilityNames } from '../../ml/model-outputs.ts';
import { ELEMENT } from './onnx-messages.ts';
import type { GraphBuilder } from './graph-builder.ts';

/** Turns raw outputs, double [N, outputs], into the outputs that `modelOutputs` names, each one value per row. */
export function addOutputs(graph: GraphBuilder, raw: string, model: FittedModel, classes: readonly string[]): void {
  for (const output of modelOutputs(classes)) graph.output(output.name, output.type);
  if (classes.length === 0) cast(graph, column(graph, raw, 0), 'float', 'prediction');
  else if (rawOutputs(model) === 1) addBinary(graph, raw, model, classes);
  else addSeveral(graph, raw, model, classes);
}

/** Refuses a model whose link and number of outputs do not fit the classes. */
export function checkOutputs(model: FittedModel, classes: readonly string[]): void {
  const outputs = rawOutputs(model);
  const fits =
    classes.length === 0 ? outputs === 1 && model.link === 'identity'
    : classes.length === 2 && outputs === 1 ? model.link === 'sigmoid' || model.link === 'share'
    : classes.length >= 2 && outputs === classes.length && (model.link === 'softmax' || model.link === 'share');
  if (fits) return;
  throw new PipelineError('UNSUPPORTED', `a model of ${outputs} outputs with the link ${model.link} does not fit ${classes.length} classes; ` +
    'regression takes one output with identity, two classes one output with sigmoid or share, other classifications one output a class with softmax or share');
}

function rawOutputs(model: FittedModel): number {
  return model.kind === 'trees' ? model.outputs : model.coefficients.length;
}

/** The probability of class 1; that of class 0 is the rest to 1, so that the greater of the two is the label. */
function addBinary(graph: GraphBuilder, raw: string, model: FittedModel, classes: readonly string[]): void {
  const [first, second] = probabilityNames(classes) as [string, string];
  const score = column(graph, raw, 0);
  if (model.link === 'sigmoid') graph.node('Sigmoid', [cast(graph, score, 'float')], {}, { output: second });
  else cast(graph, clip(graph, score), 'float', second);
  graph.node('Sub', [graph.constant(Float32Array.of(1), []), second], {}, { output: first });
  cast(graph, graph.node('Greater', [second, graph.constant(Float32Array.of(0.5), [])]), 'int64', 'label');
}

function addSeveral(graph: GraphBuilder, raw: string, model: FittedModel, classes: readonly string[]): void {
  const probabilities = model.link === 'softmax'
    ? graph.node('Softmax', [cast(graph, raw, 'float')], { axis: { kind: 'integer', value: 1 } })
    : cast(graph, shares(graph, clip(graph, raw), classes.length), 'float');
  probabilityNames(classes).forEach((name, index) => column(graph, probabilities, index, name));
  graph.node('ArgMax', [probabilities], { axis: { kind: 'integer', value: 1 }, keepdims: { kind: 'integer', value: 0 } }, { output: 'label' });
}

/** Each score divided by the sum of its row (added class by class, in class order); all equal where the sum is 0. */
function shares(graph: GraphBuilder, scores: string, classes: number): string {
  let total = column(graph, scores, 0);
  for (let index = 1; index < classes; index++) total = graph.node('Add', [total, column(graph, scores, index)]);
  total = graph.node('Unsqueeze', [total, graph.integer(1, 'vector')]);
  const isZero = graph.node('Equal', [total, graph.constant(Float64Array.of(0), [])]);
  return graph.node('Where', [isZero, graph.constant(Float64Array.of(1 / classes), []), graph.node('Div', [scores, total])]);
}

function clip(graph: GraphBuilder, scores: string): string {
  return graph.node('Clip', [scores, graph.constant(Float64Array.of(0), []), graph.constant(Float64Array.of(1), [])]);
}

/** Column `index` of a matrix as a vector. */
function column(graph: GraphBuilder, matrix: string, index: number, output?: string): string {
  return graph.node('Gather', [matrix, graph.integer(index)], { axis: { kind: 'integer', value: 1 } }, output === undefined ? {} : { output });
}

function cast(graph: GraphBuilder, value: string, element: 'float' | 'int64', output?: string): string {
  return graph.node('Cast', [value], { to: { kind: 'integer', value: ELEMENT[element] } }, output === undefined ? {} : { output });
}

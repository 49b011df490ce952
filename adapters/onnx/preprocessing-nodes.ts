import type { FittedPreprocessor, FittedStep } from '../../domain/model/preprocessor.ts';
import { ELEMENT } from './onnx-messages.ts';
import type { GraphBuilder } from './graph-builder.ts';

type StepOf<Type extends FittedStep['type']> = Extract<FittedStep, { type: Type }>;

/** The values that the steps have made so far. */
interface State {
  /** Names of the numbers that are matrix columns themselves, and their values [N, columns]; undefined when there is none. */
  readonly numbers: readonly string[];
  matrix: string | undefined;
  /** Columns that a one-hot step takes, [N] each: text as it came, numbers as imputed so far. */
  readonly encoded: Map<string, string>;
  /** One-hot matrices in step order, [N, categories] each. */
  readonly oneHot: string[];
}

/** Adds the graph inputs and the steps; gives the name of the matrix, float [N, outputColumns]. */
export function addPreprocessing(graph: GraphBuilder, preprocessor: FittedPreprocessor): string {
  const state = addInputs(graph, preprocessor);
  for (const step of preprocessor.steps) {
    if (step.type === 'impute') addImpute(graph, state, step);
    else if (step.type === 'standardize') addStandardize(graph, state, step);
    else addOneHot(graph, state, step, preprocessor);
  }
  const parts = state.matrix === undefined ? state.oneHot : [state.matrix, ...state.oneHot];
  return concatenate(graph, parts);
}

function addInputs(graph: GraphBuilder, preprocessor: FittedPreprocessor): State {
  const oneHotColumns = new Set(preprocessor.steps.flatMap((step) => (step.type === 'one_hot' ? Object.keys(step.categories) : [])));
  const numbers: string[] = [];
  const encoded = new Map<string, string>();
  for (const input of preprocessor.inputs) {
    graph.input(input.name, input.type === 'number' ? 'float' : 'string');
    if (oneHotColumns.has(input.name)) encoded.set(input.name, input.name);
    else numbers.push(input.name);
  }
  const columns = numbers.map((name) => asColumn(graph, name));
  return { numbers, matrix: columns.length === 0 ? undefined : concatenate(graph, columns), encoded, oneHot: [] };
}

/** Constants NaN leave a column as it is: a missing value becomes NaN again. */
function addImpute(graph: GraphBuilder, state: State, step: StepOf<'impute'>): void {
  if (state.matrix !== undefined && state.numbers.some((name) => Object.hasOwn(step.values, name))) {
    state.matrix = replaceMissing(graph, state.matrix, perColumn(graph, state.numbers, step.values, Number.NaN));
  }
  for (const [name, value] of state.encoded) {
    if (!Object.hasOwn(step.values, name)) continue;
    state.encoded.set(name, replaceMissing(graph, value, graph.constant(Float32Array.of(step.values[name]!), [])));
  }
}

/** Mean 0 and scale 1 leave a column as it is, to the bit. */
function addStandardize(graph: GraphBuilder, state: State, step: StepOf<'standardize'>): void {
  if (state.matrix === undefined) return;
  const centred = graph.node('Sub', [state.matrix, perColumn(graph, state.numbers, step.mean, 0)]);
  state.matrix = graph.node('Div', [centred, perColumn(graph, state.numbers, step.scale, 1)]);
}

function addOneHot(graph: GraphBuilder, state: State, step: StepOf<'one_hot'>, preprocessor: FittedPreprocessor): void {
  for (const [name, categories] of Object.entries(step.categories)) {
    const values = state.encoded.get(name)!;
    const isNumber = preprocessor.inputs.some((input) => input.name === name && input.type === 'number');
    state.oneHot.push(isNumber ? numberOneHot(graph, values, categories) : textOneHot(graph, name, values, categories, step.handleUnknown));
  }
}

function textOneHot(graph: GraphBuilder, name: string, values: string, categories: readonly string[], handleUnknown: 'ignore' | 'error'): string {
  const attributes = { cats_strings: { kind: 'strings', value: categories }, zeros: { kind: 'integer', value: handleUnknown === 'ignore' ? 1 : 0 } } as const;
  return graph.node('OneHotEncoder', [values], attributes, { node: `one_hot ${name}` });
}

/** NaN equals nothing, so a missing number is all zeros. */
function numberOneHot(graph: GraphBuilder, values: string, categories: readonly string[]): string {
  const constants = graph.constant(Float32Array.from(categories, Number), [1, categories.length]);
  return graph.node('Cast', [graph.node('Equal', [asColumn(graph, values), constants])], { to: { kind: 'integer', value: ELEMENT.float } });
}

function replaceMissing(graph: GraphBuilder, values: string, constants: string): string {
  return graph.node('Where', [graph.node('IsNaN', [values]), constants, values]);
}

function perColumn(graph: GraphBuilder, columns: readonly string[], values: Readonly<Record<string, number>>, otherwise: number): string {
  return graph.constant(Float32Array.from(columns, (name) => (Object.hasOwn(values, name) ? values[name]! : otherwise)), [1, columns.length]);
}

function asColumn(graph: GraphBuilder, vector: string): string {
  return graph.node('Unsqueeze', [vector, graph.integer(1, 'vector')]);
}

function concatenate(graph: GraphBuilder, parts: readonly string[]): string {
  return parts.length === 1 ? parts[0]! : graph.node('Concat', parts, { axis: { kind: 'integer', value: 1 } });
}

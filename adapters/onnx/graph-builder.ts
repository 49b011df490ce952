import { ML_DOMAIN, modelMessage } from './onnx-messages.ts';
import type { Attribute, ElementType, GraphValue, Node, Tensor, TensorData } from './onnx-messages.ts';
import type { ProtobufMessage } from './protobuf-writer.ts';

/** Operators that the graphs take from ai.onnx.ml; all others are of the default set. */
const ML_OPERATORS = new Set(['OneHotEncoder', 'TreeEnsemble']);

/**
 * Collects a graph. Values are passed on by the names that the methods return; names made here begin with `~`, so that they never meet a column's name
 * (an output's name can: input-columns.ts refuses such columns).
 */
export class GraphBuilder {
  readonly #inputs: GraphValue[] = [];
  readonly #outputs: GraphValue[] = [];
  readonly #nodes: Node[] = [];
  readonly #constants = new Map<string, Tensor>();
  readonly #integers = new Map<string, string>();
  readonly #metadata: Record<string, string> = {};

  /** A graph input with one value per row; gives its name back. */
  input(name: string, element: ElementType): string {
    this.#inputs.push({ name, element, dimensions: ['N'] });
    return name;
  }

  /** Declares a graph output; a node must give a value that name. `dimensions` default: one value per row. */
  output(name: string, element: ElementType, dimensions: readonly (number | string)[] = ['N']): void {
    this.#outputs.push({ name, element, dimensions });
  }

  constant(data: TensorData, dimensions: readonly number[]): string {
    const name = `~c${this.#constants.size}`;
    this.#constants.set(name, { data, dimensions });
    return name;
  }

  /** The int64 constant, a scalar or (axes) a vector of one; kept once however often it is asked for. */
  integer(value: number, shape: 'scalar' | 'vector' = 'scalar'): string {
    const key = `${shape} ${value}`;
    const name = this.#integers.get(key) ?? this.constant(BigInt64Array.of(BigInt(value)), shape === 'scalar' ? [] : [1]);
    this.#integers.set(key, name);
    return name;
  }

  /** Adds an operator with one output. `names.output`: the graph output it makes; `names.node`: shown in runtime errors. */
  node(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}, names: { readonly output?: string; readonly node?: string } = {}): string {
    const output = names.output ?? `~v${this.#nodes.length}`;
    const domain = ML_OPERATORS.has(operator) ? ML_DOMAIN : '';
    this.#nodes.push({ name: names.node ?? `~n${this.#nodes.length}`, operator, inputs, outputs: [output], attributes, domain });
    return output;
  }

  /** A text kept with the graph, beside it. */
  metadata(key: string, value: string): void {
    this.#metadata[key] = value;
  }

  message(): ProtobufMessage {
    return modelMessage({ inputs: this.#inputs, outputs: this.#outputs, nodes: this.#nodes, constants: this.#constants, metadata: this.#metadata });
  }
}

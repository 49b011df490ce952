import { bytesOf, ProtobufMessage } from './protobuf-writer.ts';

// Field and enumeration numbers are those of the public ONNX format (onnx.proto, IR version 10).

/** Element types of tensors (TensorProto.DataType). */
export const ELEMENT = { float: 1, uint8: 2, int64: 7, string: 8, bool: 9, double: 11 } as const;
export type ElementType = keyof typeof ELEMENT;

/** The operator sets that the graphs use, and the file format version that came with them (onnx 1.16; onnxruntime 1.20 and later run it). */
const IR_VERSION = 10;
const OPERATOR_SETS = { '': 21, 'ai.onnx.ml': 5 } as const;
/** The domain of tree ensembles and of encoders of strings. */
export const ML_DOMAIN = 'ai.onnx.ml';

export type TensorData = Float32Array | Float64Array | BigInt64Array | Uint8Array;

/** A constant tensor; its element type follows from the array. `dimensions` empty: a scalar. */
export interface Tensor {
  readonly dimensions: readonly number[];
  readonly data: TensorData;
}

/** An attribute of an operator by the kind of value that its specification gives. */
export type Attribute =
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'integers'; readonly value: ArrayLike<number> }
  | { readonly kind: 'floats'; readonly value: Float32Array }
  | { readonly kind: 'strings'; readonly value: readonly string[] };

export interface Node {
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly domain: '' | typeof ML_DOMAIN;
}

/** A named input or output of the whole graph. A string dimension is a name for a length that is known at run time. */
export interface GraphValue {
  readonly name: string;
  readonly element: ElementType;
  readonly dimensions: readonly (number | string)[];
}

export interface GraphParts {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The whole file (ModelProto). */
export function modelMessage(parts: GraphParts): ProtobufMessage {
  const model = new ProtobufMessage().integer(1, IR_VERSION).text(2, 'ml-pipeline');
  for (const [key, value] of Object.entries(parts.metadata)) model.message(METADATA_FIELD, new ProtobufMessage().text(1, key).text(2, value));
  for (const [domain, version] of Object.entries(OPERATOR_SETS)) model.message(8, new ProtobufMessage().text(1, domain).integer(2, version));
  return model.message(7, graphMessage(parts));
}

/** ModelProto.metadata_props: repeated key (1) and value (2). */
export const METADATA_FIELD = 14;

function graphMessage(parts: GraphParts): ProtobufMessage {
  const graph = new ProtobufMessage();
  for (const node of parts.nodes) graph.message(1, nodeMessage(node));
  graph.text(2, 'ml-pipeline');
  for (const [name, tensor] of parts.constants) graph.message(5, tensorMessage(tensor, name));
  for (const input of parts.inputs) graph.message(11, valueMessage(input));
  for (const output of parts.outputs) graph.message(12, valueMessage(output));
  return graph;
}

function nodeMessage(node: Node): ProtobufMessage {
  const message = new ProtobufMessage();
  for (const input of node.inputs) message.text(1, input);
  for (const output of node.outputs) message.text(2, output);
  message.text(3, node.name).text(4, node.operator);
  for (const [name, attribute] of Object.entries(node.attributes)) message.message(5, attributeMessage(name, attribute));
  return node.domain === '' ? message : message.text(7, node.domain);
}

function attributeMessage(name: string, attribute: Attribute): ProtobufMessage {
  const message = new ProtobufMessage().text(1, name);
  switch (attribute.kind) {
    case 'float': return message.float(2, attribute.value).integer(20, 1);
    case 'integer': return message.integer(3, attribute.value).integer(20, 2);
    case 'tensor': return message.message(5, tensorMessage(attribute.value)).integer(20, 4);
    case 'floats': return message.floats(7, attribute.value).integer(20, 6);
    case 'integers': return message.integers(8, attribute.value).integer(20, 7);
    case 'strings': {
      for (const value of attribute.value) message.text(9, value);
      return message.integer(20, 8);
    }
  }
}

function tensorMessage(tensor: Tensor, name?: string): ProtobufMessage {
  const message = new ProtobufMessage().integers(1, tensor.dimensions).integer(2, ELEMENT[elementOf(tensor.data)]);
  if (name !== undefined) message.text(8, name);
  return message.bytes(9, bytesOf(tensor.data));
}

function elementOf(data: TensorData): ElementType {
  if (data instanceof Float32Array) return 'float';
  if (data instanceof Float64Array) return 'double';
  return data instanceof Uint8Array ? 'uint8' : 'int64';
}

function valueMessage(value: GraphValue): ProtobufMessage {
  const shape = new ProtobufMessage();
  for (const dimension of value.dimensions) {
    shape.message(1, typeof dimension === 'string' ? new ProtobufMessage().text(2, dimension) : new ProtobufMessage().integer(1, dimension));
  }
  const tensorType = new ProtobufMessage().integer(1, ELEMENT[value.element]).message(2, shape);
  return new ProtobufMessage().text(1, value.name).message(2, new ProtobufMessage().message(1, tensorType));
}

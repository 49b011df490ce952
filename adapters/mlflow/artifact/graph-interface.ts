import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { PipelineError } from '../../../domain/errors.ts';

/** An input or output of an ONNX graph: its name and the type of its elements. */
export interface GraphValue {
  readonly name: string;
  readonly type: 'float' | 'long' | 'string' | 'double';
}

/** Numbers of ONNX's TensorProto.DataType. */
const ELEMENT_TYPES: Readonly<Record<number, GraphValue['type']>> = { 1: 'float', 7: 'long', 8: 'string', 11: 'double' };

/** Field numbers of the ONNX messages that lie on the way to a value's name and type. */
const MODEL_GRAPH = 7;
const GRAPH_INPUT = 11;
const GRAPH_OUTPUT = 12;
const VALUE_NAME = 1;
/** ValueInfoProto.type -> TypeProto.tensor_type -> elem_type. */
const ELEMENT_TYPE_PATH = [2, 1, 1] as const;

/** What an ONNX model takes and gives, read from the file's bytes without running it. INVALID_DATA when they are no ONNX model, or have a type that no model here has. */
export function readGraphInterface(bytes: Uint8Array): { readonly inputs: readonly GraphValue[]; readonly outputs: readonly GraphValue[] } {
  try {
    const graph = submessages(bytes, MODEL_GRAPH)[0] ?? new Uint8Array();
    return { inputs: submessages(graph, GRAPH_INPUT).map(readValue), outputs: submessages(graph, GRAPH_OUTPUT).map(readValue) };
  } catch (error) {
    throw new PipelineError('INVALID_DATA', `The file is not an ONNX model of ours: ${(error as Error).message}`, { cause: error });
  }
}

function readValue(bytes: Uint8Array): GraphValue {
  const name = new TextDecoder().decode(submessages(bytes, VALUE_NAME)[0]);
  let type = bytes;
  for (const field of ELEMENT_TYPE_PATH.slice(0, -1)) type = submessages(type, field)[0] ?? new Uint8Array();
  const reader = new BinaryReader(type);
  let number = 0;
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === ELEMENT_TYPE_PATH[2] && wire === WireType.Varint) number = reader.int32();
    else reader.skip(wire);
  }
  const element = ELEMENT_TYPES[number];
  if (element === undefined) throw new RangeError(`${name} has element type ${number}`);
  return { name, type: element };
}

/** The contents of every length-delimited field of that number. */
function submessages(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === wanted && wire === WireType.LengthDelimited) found.push(reader.bytes());
    else reader.skip(wire);
  }
  return found;
}

import { elementType, type PrimitiveType, type ValueType } from '../../../domain/features/value-types.ts';
import { ValueType_Enum } from '../gen/feast/types/Value_pb.ts';

const FEAST_TYPES = {
  Bytes: ValueType_Enum.BYTES,
  String: ValueType_Enum.STRING,
  Int32: ValueType_Enum.INT32,
  Int64: ValueType_Enum.INT64,
  Float64: ValueType_Enum.DOUBLE,
  Float32: ValueType_Enum.FLOAT,
  Bool: ValueType_Enum.BOOL,
  UnixTimestamp: ValueType_Enum.UNIX_TIMESTAMP,
} as const satisfies Record<PrimitiveType, ValueType_Enum>;

/** Feast numbers the list of a type by ten more than the type itself. */
const LIST_OFFSET = 10;

const OUR_TYPES: ReadonlyMap<number, ValueType> = new Map(
  (Object.entries(FEAST_TYPES) as [PrimitiveType, number][]).flatMap(([type, number]) => [
    [number, type],
    [number + LIST_OFFSET, `Array(${type})`],
  ]),
);

/** Feast's number of a type of ours. */
export function toFeastType(type: ValueType): ValueType_Enum {
  const element = elementType(type);
  return element === undefined ? FEAST_TYPES[type as PrimitiveType] : ((FEAST_TYPES[element] + LIST_OFFSET) as ValueType_Enum);
}

/** Our type of that number; undefined for a type that we do not have (maps, sets, JSON, decimals, ...). */
export function fromFeastType(number: number): ValueType | undefined {
  return OUR_TYPES.get(number);
}

import { elementType } from '../../../domain/features/value-types.ts';
import type { PrimitiveType, ValueType } from '../../../domain/features/value-types.ts';

/** Numbers of our types in Feast: the fields of feast.types.Value, and the members of feast.types.ValueType that declare them. */
const NUMBERS = { Bytes: 1, String: 2, Int32: 3, Int64: 4, Float64: 5, Float32: 6, Bool: 7, UnixTimestamp: 8, Json: 32, Uuid: 36, Decimal: 44 } as const satisfies Record<PrimitiveType, number>;
const LIST_NUMBERS = { Bytes: 11, String: 12, Int32: 13, Int64: 14, Float64: 15, Float32: 16, Bool: 17, UnixTimestamp: 18, Json: 33, Uuid: 38, Decimal: 45 } as const satisfies Record<PrimitiveType, number>;

/** What else Feast has, for messages. */
const OTHERS: Readonly<Record<number, string>> = {
  20: 'Map', 21: 'Array(Map)', 22: 'Set(Bytes)', 23: 'Set(String)', 24: 'Set(Int32)', 25: 'Set(Int64)', 26: 'Set(Float64)', 27: 'Set(Float32)', 28: 'Set(Bool)', 29: 'Set(UnixTimestamp)',
  34: 'Struct', 35: 'Array(Struct)', 37: 'TimeUuid', 39: 'Array(TimeUuid)', 40: 'Set(Uuid)', 41: 'Set(TimeUuid)', 42: 'Array(Array)', 43: 'Set(Array)', 46: 'Set(Decimal)', 47: 'ScalarMap', 48: 'ZonedTimestamp',
};

const TYPES: ReadonlyMap<number, ValueType> = new Map(
  (Object.keys(NUMBERS) as PrimitiveType[]).flatMap((type) => [[NUMBERS[type], type], [LIST_NUMBERS[type], `Array(${type})`]] as const),
);

/** Feast's number of a type of ours. */
export function feastNumber(type: ValueType): number {
  const element = elementType(type);
  return element === undefined ? NUMBERS[type as PrimitiveType] : LIST_NUMBERS[element];
}

/** Our type of that number; undefined for a type that we do not have. */
export function typeOfFeastNumber(number: number): ValueType | undefined {
  return TYPES.get(number);
}

/** Whether the number is that of a type which Feast has and we do not: maps, sets, structs, lists of lists, TimeUuid, ZonedTimestamp. */
export function isOtherFeastType(number: number): boolean {
  return OTHERS[number] !== undefined;
}

/** Feast's name of a type, ours or not. */
export function feastTypeName(number: number): string {
  return TYPES.get(number) ?? OTHERS[number] ?? `type ${number}`;
}

/** Feast's primitive value types under the names that Feast's users write in definitions. Its maps, sets, structs, `TimeUuid` and times with a zone are not among them. */
export const PRIMITIVE_TYPES = ['Bytes', 'String', 'Int32', 'Int64', 'Float64', 'Float32', 'Bool', 'UnixTimestamp', 'Decimal', 'Uuid', 'Json'] as const;

export type PrimitiveType = (typeof PRIMITIVE_TYPES)[number];
export type ArrayType = `Array(${PrimitiveType})`;
/** The declared type of a feature or a join key. */
export type ValueType = PrimitiveType | ArrayType;

/** Types that a join key may have: those that Feast's entity key serialization can write. */
export const JOIN_KEY_TYPES = ['Bytes', 'String', 'Int32', 'Int64', 'UnixTimestamp'] as const satisfies readonly PrimitiveType[];
export type JoinKeyType = (typeof JOIN_KEY_TYPES)[number];

/**
 * One value in canonical form, the form in which offline and online values are compared (docs/values.md):
 * - Bool: boolean. Int32: integer number. Int64: bigint. Float64: number. Float32: number equal to its own `Math.fround`.
 * - String: string. Bytes: Uint8Array. UnixTimestamp: integer number of whole seconds since 1970-01-01T00:00:00Z, fraction dropped towards minus infinity.
 * - Decimal: text of the exact number: no exponent, no zeros that say nothing (`1.5`, never `01.50`), no `-0`; or `NaN`, `Infinity`, `-Infinity`.
 * - Uuid: text in small letters, 8-4-4-4-12. Json: JSON text as it was given, not rewritten.
 * - Arrays: arrays of the above, elements never null.
 * - null: missing. NaN is a value of its own (one NaN, whatever its bits) and not null; a model sees both as missing.
 */
export type FeatureValue = null | ScalarValue | readonly ScalarValue[];
export type ScalarValue = boolean | number | bigint | string | Uint8Array;

/** The element type of `Array(T)`, undefined for a primitive. */
export function elementType(type: ValueType): PrimitiveType | undefined {
  return type.startsWith('Array(') ? (type.slice(6, -1) as PrimitiveType) : undefined;
}

export function isValueType(text: string): text is ValueType {
  const primitive = elementType(text as ValueType) ?? text;
  return (PRIMITIVE_TYPES as readonly string[]).includes(primitive);
}

import type { ValueType } from '../../../domain/features/value-types.ts';
import { feastNumber, typeOfFeastNumber } from '../codec/field-numbers.ts';
import type { ValueType_Enum } from '../gen/feast/types/Value_pb.ts';

/** Feast's number of a type of ours. */
export function toFeastType(type: ValueType): ValueType_Enum {
  return feastNumber(type) as ValueType_Enum;
}

/** Our type of that number; undefined for a type that we do not have (maps, sets, structs, ...). */
export function fromFeastType(number: number): ValueType | undefined {
  return typeOfFeastNumber(number);
}

import { clone, create } from '@bufbuild/protobuf';
import type { Field } from '../../../domain/features/definitions.ts';
import { type FeatureSpecV2, FeatureSpecV2Schema } from '../gen/feast/core/Feature_pb.ts';
import { readDescribed, writeDescribed } from './described.ts';
import { refuseObject } from './unsupported.ts';
import { fromFeastType, toFeastType } from './value-types.ts';

/** Fields as messages, in order; what the definition does not speak of stays as the previous message of the same name has it. */
export function fieldMessages(fields: readonly Field[], previous: readonly FeatureSpecV2[]): FeatureSpecV2[] {
  return fields.map((field) => {
    const earlier = previous.find((candidate) => candidate.name === field.name);
    const message = earlier === undefined ? create(FeatureSpecV2Schema) : clone(FeatureSpecV2Schema, earlier);
    message.name = field.name;
    message.valueType = toFeastType(field.type);
    writeDescribed(message, field);
    return message;
  });
}

/** The definition in a message. UNSUPPORTED for a type that we do not have. */
export function readField(message: FeatureSpecV2, path: string): Field {
  const type = fromFeastType(message.valueType) ?? refuseObject(`${path}.${message.name}`, `Its type (Feast's number ${message.valueType}) is not known here.`);
  return { name: message.name, type, ...readDescribed(message) };
}

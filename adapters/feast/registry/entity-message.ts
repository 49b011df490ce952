import { clone, create } from '@bufbuild/protobuf';
import type { Entity } from '../../../domain/features/definitions.ts';
import { JOIN_KEY_TYPES, type JoinKeyType } from '../../../domain/features/value-types.ts';
import { type Entity as EntityMessage, EntitySchema, EntitySpecV2Schema } from '../gen/feast/core/Entity_pb.ts';
import { readDescribed, writeDescribed } from './described.ts';
import { refuseObject } from './unsupported.ts';
import { fromFeastType, toFeastType } from './value-types.ts';

/** Feast gives a view without entities this one, with one value for every row: the empty text. */
export const DUMMY_ENTITY = { name: '__dummy', joinKey: '__dummy_id' } as const;

/** The entity as Feast's message; fields that the definition does not speak of stay as `previous` has them. */
export function entityMessage(entity: Entity, previous?: EntityMessage): EntityMessage {
  const message = previous === undefined ? create(EntitySchema) : clone(EntitySchema, previous);
  const spec = (message.spec ??= create(EntitySpecV2Schema));
  spec.name = entity.name;
  spec.joinKey = entity.joinKey;
  spec.valueType = toFeastType(entity.valueType);
  writeDescribed(spec, entity);
  return message;
}

/** The row that Feast expects for views without entities. */
export function dummyEntityMessage(): EntityMessage {
  return create(EntitySchema, { spec: { name: DUMMY_ENTITY.name, joinKey: DUMMY_ENTITY.joinKey } });
}

/** The definition in a message. UNSUPPORTED when its type cannot be that of a join key. */
export function readEntity(message: EntityMessage): Entity {
  const spec = message.spec ?? create(EntitySpecV2Schema);
  return { name: spec.name, joinKey: spec.joinKey, valueType: readJoinKeyType(spec.valueType, `entity ${spec.name}`), ...readDescribed(spec) };
}

/** Feast may leave an entity's type open (0) and give it in the views alone: it is text then. */
export function readJoinKeyType(number: number, path: string): JoinKeyType {
  const type = number === 0 ? 'String' : fromFeastType(number);
  const known = JOIN_KEY_TYPES.find((candidate) => candidate === type);
  return known ?? refuseObject(path, `Its type (Feast's number ${number}) cannot be that of a join key.`);
}

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { entityMessage, readEntity } from '../../../../adapters/feast/registry/entity-message.ts';
import { DATA_SOURCES, ENTITIES, FEATURE_SERVICES, FEATURE_VIEWS, type RegistryKind } from '../../../../adapters/feast/registry/kinds.ts';
import { pushMessage, readPush } from '../../../../adapters/feast/registry/push-message.ts';
import { readService, serviceMessage } from '../../../../adapters/feast/registry/service-message.ts';
import { readSource, sourceMessage } from '../../../../adapters/feast/registry/source-message.ts';
import { fromTimestamp, toTimestamp } from '../../../../adapters/feast/registry/timestamps.ts';
import { fromFeastType, toFeastType } from '../../../../adapters/feast/registry/value-types.ts';
import { readView, viewMessage } from '../../../../adapters/feast/registry/view-message.ts';
import type { Entity, FeatureView } from '../../../../domain/features/definitions.ts';
import { JOIN_KEY_TYPES, PRIMITIVE_TYPES, type ValueType } from '../../../../domain/features/value-types.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const words = fc.string({ minLength: 1 }).filter((text) => !text.startsWith('ml_pipeline.') && text !== '__proto__');
const optional = (part: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> => fc.record(part, { requiredKeys: [] });
const described = optional({ description: words, owner: words, tags: fc.dictionary(words, fc.string(), { minKeys: 1, maxKeys: 3, noNullPrototype: true }) });
const type: fc.Arbitrary<ValueType> = fc.constantFrom(...PRIMITIVE_TYPES, ...PRIMITIVE_TYPES.map((element) => `Array(${element})` as const));
const entity = fc.tuple(described, fc.record({ name, joinKey: name, valueType: fc.constantFrom(...JOIN_KEY_TYPES) })).map(([more, rest]) => ({ ...more, ...rest }) as Entity);
const field = fc.tuple(described, fc.record({ name, type })).map(([more, rest]) => ({ ...more, ...rest }));
const source = fc
  .tuple(described, fc.record({ name, table: fc.tuple(name, name).map((parts) => parts.join('.')), timestampField: name }), optional({ createdTimestampColumn: name, deletedColumn: name, latenessSeconds: fc.nat(), fieldMapping: fc.dictionary(name, name, { minKeys: 1, noNullPrototype: true }) }))
  .map(([more, rest, columns]) => ({ ...more, ...rest, ...columns }));
const push = fc.tuple(described, fc.record({ name })).map(([more, rest]) => ({ ...more, ...rest }));
const flags = optional({ pushSource: push, online: fc.constant(false), asKnown: fc.constant(true) });
const entities = fc.uniqueArray(entity, { selector: ({ name: key }) => key, maxLength: 3 });
const view = fc
  .tuple(described, fc.record({ name, features: fc.uniqueArray(field, { selector: ({ name: key }) => key, minLength: 1, maxLength: 4 }), ttlSeconds: fc.option(fc.integer({ min: 1 })), source }), flags)
  .map(([more, rest, switches]) => ({ ...more, ...rest, ...switches }) as Omit<FeatureView, 'entities'>);

/** What was written and read back, and whether writing the same again would change it. */
function stored<M>(kind: RegistryKind<M>, build: (previous?: M) => M): M {
  const message = kind.decode(kind.encode(build()));
  assert.ok(kind.same(message, build(message)));
  return message;
}

describe("definitions in Feast's messages", () => {
  it('come back as they were, and make no difference when written again', () => {
    fc.assert(
      fc.property(entities, view, fc.constantFrom('postgres' as const, 'bigquery' as const), (own, rest, tables) => {
        const definition: FeatureView = { ...rest, entities: own.map((item) => item.name) };
        for (const item of own) assert.deepEqual(readEntity(stored(ENTITIES, (previous) => entityMessage(item, previous))), item);
        assert.deepEqual(readSource(stored(DATA_SOURCES, (previous) => sourceMessage(definition.source, tables, previous))), definition.source);
        assert.deepEqual(readView(stored(FEATURE_VIEWS, (previous) => viewMessage(definition, own, { project: 'p', tables }, previous))), definition);
        if (definition.pushSource !== undefined) {
          const { pushSource } = definition;
          assert.deepEqual(readPush(stored(DATA_SOURCES, (previous) => pushMessage(pushSource, definition.source, tables, previous))), pushSource);
        }
        const features = definition.features.map((feature) => feature.name);
        const service = { name: 's', features: [{ view: definition.name, features }, { view: definition.name, features: features.slice(1), alias: 'other', joinKeyMap: { a: 'b' } }] };
        assert.deepEqual(readService(stored(FEATURE_SERVICES, (previous) => serviceMessage(service, { featureViews: [definition] }, tables, previous))), service);
      }),
    );
  });

  it('have a number for every value type, and none is shared', () => {
    const types = [...PRIMITIVE_TYPES, ...PRIMITIVE_TYPES.map((element) => `Array(${element})` as const)];
    assert.deepEqual(types.map((item) => fromFeastType(toFeastType(item))), types);
    assert.equal(fromFeastType(20), undefined); // a map
  });

  it('keep instants to the microsecond, before 1970 too', () => {
    fc.assert(fc.property(fc.integer({ min: -62_135_596_800_000_000 / 10, max: 8_640_000_000_000_000 }), (micros) => fromTimestamp(toTimestamp(micros)) === micros));
  });
});

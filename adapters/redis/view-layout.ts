import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import { createEntityKeyEncoder, createEntityKeyWriter } from '../feast/codec/entity-key.ts';
import type { EntityKeyEncoder, EntityKeyWriter } from '../feast/codec/entity-key.ts';
import { createEntityKeyReader } from '../feast/codec/entity-key-reader.ts';
import type { EntityKeyReader } from '../feast/codec/entity-key-reader.ts';
import { createFieldKeys } from '../feast/codec/field-keys.ts';
import type { FieldKeys } from '../feast/codec/field-keys.ts';
import { markOfFeatures } from './features-mark.ts';

/** Where the values of one view are: computed once per view. */
export interface ViewLayout {
  readonly encodeKey: EntityKeyEncoder;
  readonly writeKey: EntityKeyWriter;
  /** Tells the keys of the view's entities from other keys. */
  readonly keys: EntityKeyReader;
  readonly fields: FieldKeys;
  /** Our own field beside Feast's, which Feast ignores: since when the stored row is known, and of which features it is. */
  readonly createdField: Buffer;
  /** Tells rows of these features, by names and types, from rows that were written by another definition of the view. */
  readonly featuresMark: number;
  /** Fields that the view has in a hash. */
  readonly ownFields: number;
  /** Fields of the widest hash of its entities that was read as a whole, those of other views among them: reads choose their command by it. */
  widestSeen: number;
}

/** Layouts by snapshot; a snapshot that nobody holds any more takes its layout with it. */
export function createViewLayouts(project: string): (view: FeatureViewSnapshot) => ViewLayout {
  const layouts = new WeakMap<FeatureViewSnapshot, ViewLayout>();
  return (view) => {
    let layout = layouts.get(view);
    if (layout === undefined) {
      layout = {
        encodeKey: createEntityKeyEncoder(project, view.joinKeys),
        writeKey: createEntityKeyWriter(project, view.joinKeys),
        keys: createEntityKeyReader(project, view.joinKeys),
        fields: createFieldKeys(view.name),
        createdField: Buffer.from(`_created:${view.name}`, 'utf8'),
        featuresMark: markOfFeatures(view),
        ownFields: view.features.length + 2,
        widestSeen: 0,
      };
      layouts.set(view, layout);
    }
    return layout;
  };
}

import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import { readPlainText, textOfValue } from './text-value.ts';

/** Names of the keys of one view: `view:feature:id`. */
export interface KeyNames {
  /** What every key of the view begins with. */
  readonly prefix: string;
  id(values: readonly FeatureValue[]): string;
  /** The keys of one row: event timestamp, created timestamp, mark of the features, then the features in the view's order. */
  row(id: string): readonly string[];
  feature(name: string, id: string): string;
  eventTimestamp(id: string): string;
  /** The id that a key of the view ends with; undefined where the key is none of this view. */
  idOf(key: string): string | undefined;
  /** The values that an id was made of; undefined where it was made of other join keys. */
  values(id: string): readonly FeatureValue[] | undefined;
}

/** No feature has these names: `@` is escaped in them. */
const EVENT_TIMESTAMP = '@event_timestamp';
const CREATED_TIMESTAMP = '@created_timestamp';
const FEATURES_MARK = '@features';

/** Keys of a row beside those of its features. */
export const KEYS_BESIDE_FEATURES = 3;

/**
 * Names are escaped so that no two rows share a key and none is read as another: `%`, `:`, `,`, `@` and control characters are written as `%` and two hexadecimal digits.
 * The values of a composite key are joined by commas, in the order of the join keys' names (code points).
 */
export function createKeyNames({ name: view, joinKeys, features }: FeatureViewSnapshot): KeyNames {
  const prefix = `${escapeName(view)}:`;
  const sorted = joinKeys.map(({ name, type }, index) => ({ name: Buffer.from(name, 'utf8'), type, index })).sort((a, b) => Buffer.compare(a.name, b.name));
  const keyOf = (field: string, id: string): string => `${prefix}${field}:${id}`;
  const featureNames = features.map(({ name }) => escapeName(name));
  return {
    prefix,
    id: (values) => sorted.map(({ type, index }) => escapeName(textOfValue(type, values[index] as FeatureValue))).join(','),
    row: (id) => [EVENT_TIMESTAMP, CREATED_TIMESTAMP, FEATURES_MARK, ...featureNames].map((field) => keyOf(field, id)),
    feature: (name, id) => keyOf(escapeName(name), id),
    eventTimestamp: (id) => keyOf(EVENT_TIMESTAMP, id),
    idOf(key) {
      const parts = key.startsWith(prefix) ? key.slice(prefix.length).split(':') : [];
      return parts.length === 2 ? parts[1] : undefined;
    },
    values(id) {
      const parts = sorted.length === 0 ? [] : id.split(',');
      if (parts.length !== sorted.length || (sorted.length === 0 && id !== '')) return undefined;
      const values = new Array<FeatureValue>(sorted.length);
      for (const [at, { type, index }] of sorted.entries()) {
        const value = readPlainText(type, unescapeName(parts[at] as string));
        if (value === undefined) return undefined;
        values[index] = value;
      }
      return values;
    },
  };
}

function escapeName(text: string): string {
  return text.replace(/[%:,@\u0000-\u001f\u007f]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function unescapeName(text: string): string {
  return text.replace(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

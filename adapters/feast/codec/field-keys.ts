import { murmur3 } from './murmur3.ts';

/** Names of the fields that one feature view has in an entity's Redis hash. */
export interface FieldKeys {
  /** Field of the event timestamp: `_ts:<view>`. */
  readonly timestamp: Buffer;
  /** Field of a feature: the hash of `<view>:<feature>` in four bytes, least significant first. Computed once per feature. */
  feature(name: string): Buffer;
}

export function createFieldKeys(view: string): FieldKeys {
  const known = new Map<string, Buffer>();
  return {
    timestamp: Buffer.from(`_ts:${view}`, 'utf8'),
    feature(name) {
      let key = known.get(name);
      if (key === undefined) known.set(name, (key = featureKey(view, name)));
      return key;
    },
  };
}

function featureKey(view: string, feature: string): Buffer {
  const key = Buffer.alloc(4);
  key.writeUInt32LE(murmur3(Buffer.from(`${view}:${feature}`, 'utf8')));
  return key;
}

import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import { murmur3 } from '../feast/codec/murmur3.ts';

/**
 * 32 bits that tell a view's features, by names and types, from those of another definition of the view; their order does not matter. A row keeps the mark of the definition that it was
 * written by, so that a row of unchanged timestamps is written again where features were added or changed since, and only there.
 */
export function markOfFeatures({ features }: FeatureViewSnapshot): number {
  const sorted = features.map(({ name, type }) => JSON.stringify([name, type])).sort();
  return murmur3(Buffer.from(sorted.join('\n'), 'utf8'));
}

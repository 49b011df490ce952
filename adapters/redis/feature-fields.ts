import type { ValueType } from '../../domain/features/value-types.ts';
import type { OnlineReadRequest } from '../../ports/online-store.ts';
import { valueTeller, type ValueTeller } from '../feast/codec/value-teller.ts';
import { featureTypes } from './feature-types.ts';
import { wireFields } from './hash-reader.ts';
import type { ViewLayout } from './view-layout.ts';

/** What a read takes of one view's part of a hash: the event timestamp, then the features in the request's order. */
export interface FeatureFields {
  readonly names: readonly Buffer[];
  /** The names as they go over the wire. */
  readonly wire: Buffer;
  readonly tellers: readonly ValueTeller[];
}

type Known = FeatureFields & { readonly layout: ViewLayout; readonly features: readonly string[] };

/** Those that were asked for last with the same list of features: servers ask with the same lists again and again. A list that nobody holds any more takes them with it. */
const KNOWN = new WeakMap<readonly string[], Known>();

/** NOT_FOUND for a feature that the view does not have. */
export function featureFields(layout: ViewLayout, request: OnlineReadRequest): FeatureFields {
  const { features } = request;
  const known = KNOWN.get(features);
  if (known !== undefined && known.layout === layout && known.features.length === features.length && known.features.every((name, index) => name === features[index])) return known;
  const types: readonly ValueType[] = featureTypes(request);
  const names = [layout.fields.timestamp, ...features.map((name) => layout.fields.feature(name))];
  const made = { names, wire: wireFields(names), tellers: types.map(valueTeller), layout, features: [...features] };
  KNOWN.set(features, made);
  return made;
}

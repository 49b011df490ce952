import { onlineEffect, type OnlineEffect } from '../../../domain/features/online-effects.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import { type FeatureView, FeatureViewState } from '../gen/feast/core/FeatureView_pb.ts';
import { FEATURE_VIEWS } from './kinds.ts';
import type { Step, StoredObjects } from './plan.ts';
import type { ViewVersion } from './records.ts';
import { tryRead } from './unsupported.ts';
import { columnsDiffer, readSnapshot } from './view-message.ts';

/** What a change of a view entails beyond its own row. */
export interface ViewConsequences {
  readonly versions: readonly ViewVersion[];
  readonly effect: OnlineEffect | undefined;
  /** The view as it was; undefined where it is new, or cannot be read here. */
  readonly before: FeatureViewSnapshot | undefined;
}

/** A view that is added or changed. Intervals of values that the change makes incomplete are taken from the message. */
export function followChange(step: Step<FeatureView>, newestVersion: number | undefined): ViewConsequences {
  const { previous, next } = step;
  const before = previous === undefined ? undefined : snapshotIfReadable(previous.message);
  const effect = onlineEffect(before, readSnapshot(next));
  if (effect?.needsMaterialization === true && next.meta !== undefined) {
    next.meta.materializationIntervals = [];
    next.meta.state = FeatureViewState.STATE_UNSPECIFIED;
  }
  return { versions: nextVersions(step, newestVersion), effect, before };
}

export function followRemoval(name: string, stored: StoredObjects): ViewConsequences {
  const bytes = stored.objects['feature view'].get(name);
  const before = bytes === undefined ? undefined : snapshotIfReadable(FEATURE_VIEWS.decode(bytes));
  return { versions: [], effect: onlineEffect(before, undefined), before };
}

function snapshotIfReadable(message: FeatureView): FeatureViewSnapshot | undefined {
  const outcome = tryRead(() => readSnapshot(message));
  return 'value' in outcome ? outcome.value : undefined;
}

/** A view's first form is version 0 of its history, and each change of its columns the next one. A view that had no history gets its earlier form as version 0. */
function nextVersions({ name, previous, next }: Step<FeatureView>, newest: number | undefined): ViewVersion[] {
  if (previous !== undefined && !columnsDiffer(previous.message, next)) return [];
  const earlier = newest === undefined && previous !== undefined ? [{ view: name, number: 0, bytes: previous.bytes }] : [];
  const number = (newest ?? earlier.length - 1) + 1;
  if (next.meta !== undefined) next.meta.currentVersionNumber = number;
  return [...earlier, { view: name, number, bytes: FEATURE_VIEWS.encode(next) }];
}

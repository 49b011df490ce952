import { isDeepStrictEqual } from 'node:util';
import { create } from '@bufbuild/protobuf';
import { PipelineError } from '../../../domain/errors.ts';
import { onlineEffect } from '../../../domain/features/online-effects.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { Micros } from '../../../domain/instant.ts';
import type { OnlineMark } from '../../../ports/feature-registry.ts';
import { FeatureViewMetaSchema, FeatureViewState, MaterializationIntervalSchema } from '../gen/feast/core/FeatureView_pb.ts';
import { joinInterval } from './intervals.ts';
import { FEATURE_VIEWS } from './kinds.ts';
import { writeMark } from './marks.ts';
import { unregisteredView } from './unregistered-view.ts';
import type { RegistryRecords } from './records.ts';
import { fromTimestamp, toTimestamp } from './timestamps.ts';
import { readSnapshot } from './view-message.ts';

export interface Materialized {
  readonly startMicros: Micros;
  readonly endMicros: Micros;
  /** The view as it was written; undefined: as it is. */
  readonly materialized: FeatureViewSnapshot | undefined;
  readonly mark: OnlineMark | undefined;
}

/** Notes what a materialization has brought, and that the view is served. CONFLICT where by now it needs something else; nothing is written where all was noted. */
export async function addInterval(records: RegistryRecords, project: string, name: string, { startMicros, endMicros, materialized, mark }: Materialized, now: Micros): Promise<void> {
  const views = await records.objects('feature view');
  const bytes = views.get(name);
  if (bytes === undefined) throw unregisteredView(name, project, [...views.keys()]);
  const message = FEATURE_VIEWS.decode(bytes);
  if (materialized !== undefined && onlineEffect({ ...materialized, online: true }, { ...readSnapshot(message), online: true })?.needsMaterialization === true) {
    throw new PipelineError('CONFLICT', `Feature view "${name}" was changed while it was materialized: what was written is not what it needs now. Materialize it again: ml-pipeline materialize --views ${name}`);
  }
  if (mark !== undefined) await writeMark(records, name, mark, now);
  const meta = (message.meta ??= create(FeatureViewMetaSchema));
  const intervals = meta.materializationIntervals.map(({ startTime, endTime }) => ({ startMicros: fromTimestamp(startTime), endMicros: fromTimestamp(endTime) }));
  const joined = joinInterval(intervals, { startMicros, endMicros });
  if (isDeepStrictEqual(joined, intervals) && meta.state === FeatureViewState.AVAILABLE_ONLINE) return;
  meta.materializationIntervals = joined.map((interval) => create(MaterializationIntervalSchema, { startTime: toTimestamp(interval.startMicros), endTime: toTimestamp(interval.endMicros) }));
  meta.state = FeatureViewState.AVAILABLE_ONLINE;
  await records.put({ kind: 'feature view', name, bytes: FEATURE_VIEWS.encode(message) }, now);
  await records.touchProject(now);
}

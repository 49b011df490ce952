import { findFeatures, planOnlineRead, type FoundFeature } from '../../../domain/features/online-plan.ts';
import { outputColumns, selectedName, type FeatureSelection } from '../../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import { MICROS_PER_SECOND, type Micros } from '../../../domain/instant.ts';
import type { Ports } from '../../../ports/ports.ts';
import type { EntityRow } from './entity-rows.ts';

/** What the online store holds of one feature of one entity, or what is computed from that. */
export interface StoredValue {
  /** The view's name, or its alias in the service. */
  readonly view: string;
  readonly feature: string;
  /** As stored, also where it is too old to be served. */
  readonly value: FeatureValue;
  /** NOT_FOUND: nothing of this entity in this view. OUTSIDE_MAX_AGE: older than the view's ttl at the as-of instant, or later than that instant. NULL_VALUE: known to have no value. */
  readonly status: 'PRESENT' | 'NULL_VALUE' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE';
  readonly eventMicros: Micros | undefined;
  readonly ageMicros: Micros | undefined;
  /** Below zero: so long ago it became too old. undefined where there is no row or the view has no ttl. */
  readonly ttlLeftMicros: Micros | undefined;
}

/** One list per entity, in the order of the selection's output columns. `request`: canonical values of the columns that on-demand features want. */
export async function readNow({ onlineStore, transformRunner }: Pick<Ports, 'onlineStore' | 'transformRunner'>, selection: FeatureSelection, { rows, request, asOf }: { readonly rows: readonly EntityRow[]; readonly request: Readonly<Record<string, FeatureValue>>; readonly asOf: Micros }): Promise<readonly (readonly StoredValue[])[]> {
  const plan = planOnlineRead(selection, (view) => transformRunner.load(view));
  const answers = plan.reads.length === 0 ? [] : await onlineStore.read(plan.reads.map(({ view, features, keyColumns }) => ({ view, features, entityKeys: rows.map((row) => keyColumns.map((name) => row.columns[name] as FeatureValue)) })));
  return rows.map(({ text }, index) => {
    const stored = answers.map((entities) => entities[index]);
    const found = findFeatures(plan, { stored, request, asOf, where: text });
    return outputColumns(selection).map(({ view, feature, column }) => {
      const place = plan.columns.indexOf(column);
      const at = plan.features[place];
      const raw = at === undefined ? found[place]!.value : (stored[at.read]?.values[at.place] ?? null);
      const ttlSeconds = selection.views.find((candidate) => selectedName(candidate) === view)?.ttlSeconds ?? null;
      return { view, feature, value: raw, ...timesOf(found[place]!, ttlSeconds, asOf), status: statusOf(found[place]!) };
    });
  });
}

function statusOf({ status, value }: FoundFeature): StoredValue['status'] {
  return status !== 'FOUND' ? status : value === null ? 'NULL_VALUE' : 'PRESENT';
}

function timesOf({ eventTimestampMicros: eventMicros }: FoundFeature, ttlSeconds: number | null, asOf: Micros): Pick<StoredValue, 'eventMicros' | 'ageMicros' | 'ttlLeftMicros'> {
  if (eventMicros === undefined) return { eventMicros, ageMicros: undefined, ttlLeftMicros: undefined };
  const ageMicros = asOf - eventMicros;
  return { eventMicros, ageMicros, ttlLeftMicros: ttlSeconds === null ? undefined : ttlSeconds * MICROS_PER_SECOND - ageMicros };
}

import type { Micros } from '../instant.ts';
import { argumentsOf, onDemandFunction, type OnDemandFunction, type OnDemandSnapshot, type RowTransform } from './on-demand.ts';
import { asOfSeconds } from './on-demand-rows.ts';
import { isWithinAge } from './point-in-time.ts';
import { type FeatureSelection, type FeatureViewSnapshot, keyColumn, selectedName } from './snapshot.ts';
import type { FeatureValue } from './value-types.ts';

/** How a selection is read online, worked out once for all its reads. */
export interface OnlinePlan {
  /** One per stored view. */
  readonly reads: readonly PlannedRead[];
  /** The stored features in the selection's column order. */
  readonly features: readonly PlannedFeature[];
  /** On-demand feature views, computed behind those. */
  readonly onDemand: readonly PlannedOnDemand[];
  /** Of what `findFeatures` gives, in its order: stored features, then those on demand. */
  readonly columns: readonly string[];
}

export interface PlannedRead {
  readonly view: FeatureViewSnapshot;
  readonly features: readonly string[];
  /** The columns that hold the view's join keys, in the view's order. */
  readonly keyColumns: readonly string[];
}

export interface PlannedFeature {
  readonly column: string;
  /** Read for an on-demand feature alone. */
  readonly onlyInput: boolean;
  readonly ttlSeconds: number | null;
  /** Where the store's answer has it: index of the read, and of the feature in it. */
  readonly read: number;
  readonly place: number;
}

const AS_OF = Symbol('as of');

export interface PlannedOnDemand {
  readonly name: string;
  readonly compute: OnDemandFunction;
  /** The arguments in order: a place among the stored features, a request column, or the as-of instant. */
  readonly sources: readonly (number | string | typeof AS_OF)[];
}

/** `load`: gives the function of a bundle. */
export function planOnlineRead(selection: FeatureSelection, load: (view: OnDemandSnapshot) => RowTransform): OnlinePlan {
  const reads = selection.views.map((view): PlannedRead => ({
    view,
    features: selection.columns.filter((column) => column.view === selectedName(view)).map(({ feature }) => feature),
    keyColumns: view.joinKeys.map(({ name }) => keyColumn(view, name)),
  }));
  const features = selection.columns.map(({ column, view, feature, onlyInput = false }): PlannedFeature => {
    const read = reads.findIndex((candidate) => selectedName(candidate.view) === view);
    return { column, onlyInput, read, place: reads[read]?.features.indexOf(feature) ?? -1, ttlSeconds: reads[read]?.view.ttlSeconds ?? null };
  });
  const views = selection.onDemand ?? [];
  const columns = [...features.map(({ column }) => column), ...views.flatMap(({ outputs }) => outputs.map(({ column }) => column))];
  return { reads, features, onDemand: views.map((view) => planOnDemand(view, features, load(view))), columns };
}

function planOnDemand(view: OnDemandSnapshot, features: readonly PlannedFeature[], transform: RowTransform): PlannedOnDemand {
  const stored = view.inputs.map(({ column }) => features.findIndex((feature) => feature.column === column));
  const sources: PlannedOnDemand['sources'] = [...stored, ...view.request.map(({ name }) => name), AS_OF];
  return { name: view.name, compute: onDemandFunction(view, transform), sources: sources.slice(0, argumentsOf(view).length) };
}

/** A feature as of an instant. NOT_FOUND: the store has nothing of the entity in that view. OUTSIDE_MAX_AGE: too old at the instant, or later than it. Else the value as it is, which may be null. */
export interface FoundFeature {
  readonly value: FeatureValue;
  readonly status: 'FOUND' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE';
  /** undefined where there is none, and for what is computed. */
  readonly eventTimestampMicros: Micros | undefined;
}

/** What is known of one row. */
export interface OnlineAnswer {
  /** By read: what the store has of the row's entity. */
  readonly stored: readonly (StoredRow | undefined)[];
  /** Canonical values of the request columns that on-demand features want; one that is not there is null. */
  readonly request: Readonly<Record<string, FeatureValue>>;
  readonly asOf: Micros;
  /** Names the row in an error. */
  readonly where: string;
}

export interface StoredRow {
  readonly eventTimestampMicros: Micros | undefined;
  readonly values: readonly FeatureValue[];
}

/** The row's features as of the instant, in the order of `columns`: the age rule is that of the historical join, and functions get what they get there. INVALID_DATA when a function fails. */
export function findFeatures({ features, onDemand }: OnlinePlan, { stored, request, asOf, where }: OnlineAnswer): readonly FoundFeature[] {
  const found = features.map((feature) => find(feature, stored[feature.read], asOf));
  const computed = onDemand.flatMap(({ compute, sources }): FoundFeature[] => {
    const values = sources.map((source) => (source === AS_OF ? asOfSeconds(asOf) : typeof source === 'number' ? (found[source]?.value ?? null) : (request[source] ?? null)));
    return compute(values, where).map((value) => ({ value, status: 'FOUND', eventTimestampMicros: undefined }));
  });
  return computed.length === 0 ? found : [...found, ...computed];
}

function find({ place, ttlSeconds }: PlannedFeature, row: StoredRow | undefined, asOf: Micros): FoundFeature {
  const eventTimestampMicros = row?.eventTimestampMicros;
  if (eventTimestampMicros === undefined) return { value: null, status: 'NOT_FOUND', eventTimestampMicros };
  if (!isWithinAge(ttlSeconds, eventTimestampMicros, asOf)) return { value: null, status: 'OUTSIDE_MAX_AGE', eventTimestampMicros };
  return { value: row?.values[place] ?? null, status: 'FOUND', eventTimestampMicros };
}

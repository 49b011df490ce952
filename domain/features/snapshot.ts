import type { TableSource, Field } from './definitions.ts';
import type { OnDemandSnapshot } from './on-demand.ts';
import type { JoinKeyType, ValueType } from './value-types.ts';

/** A join key as the view needs it: column name and type. */
export interface JoinKey {
  readonly name: string;
  readonly type: JoinKeyType;
}

/**
 * A feature view with all that a read, a write or a join of it needs, and nothing that must be looked up elsewhere.
 * Plain JSON: it travels through workflows and is kept in the wrapped artifact, so that a later change of the definition changes no run and no served model.
 */
export interface FeatureViewSnapshot {
  readonly name: string;
  /** In the order of the view's entities. */
  readonly joinKeys: readonly JoinKey[];
  /** All features of the view, in definition order. */
  readonly features: readonly Field[];
  readonly ttlSeconds: number | null;
  readonly source: TableSource;
  readonly online: boolean;
  readonly asKnown: boolean;
  /** The name under which a selection takes the view (FeatureProjection.alias); reads of the view itself use `name`. */
  readonly alias?: string;
  /** Join key -> column of the spine or request that holds it; keys that are not named are held by the column of their own name. */
  readonly joinKeyMap?: Readonly<Record<string, string>>;
}

/** What SelectedFeature.view refers to. */
export function selectedName(view: Pick<FeatureViewSnapshot, 'name' | 'alias'>): string {
  return view.alias ?? view.name;
}

/** The column of the spine or request that holds the join key. */
export function keyColumn(view: Pick<FeatureViewSnapshot, 'joinKeyMap'>, joinKey: string): string {
  return view.joinKeyMap?.[joinKey] ?? joinKey;
}

/** One feature taken from a view, and the column that carries it in a training set and in a model's inputs. */
export interface SelectedFeature {
  /** `selectedName` of the view. */
  readonly view: string;
  readonly feature: string;
  /** The feature's name; `view__feature` where two selected features share a name. */
  readonly column: string;
  /** true: read for an on-demand transform alone, and no part of what the reader gets. Its column is `view__feature`. */
  readonly onlyInput?: boolean;
}

/** The features of one read, resolved: the views in question and the columns in output order. */
export interface FeatureSelection {
  readonly views: readonly FeatureViewSnapshot[];
  /** Stored features, as a join or an online read gives them. */
  readonly columns: readonly SelectedFeature[];
  /** On-demand feature views, computed from the stored columns when those are there. */
  readonly onDemand?: readonly OnDemandSnapshot[];
}

/** A column of what a reader gets. */
export interface OutputColumn {
  readonly view: string;
  readonly feature: string;
  readonly column: string;
  readonly type: ValueType;
  readonly isOnDemand: boolean;
}

/** What a reader of the selection gets: the stored features that were asked for, then those computed on demand. */
export function outputColumns({ views, columns, onDemand = [] }: FeatureSelection): readonly OutputColumn[] {
  const stored = columns.filter(({ onlyInput }) => onlyInput !== true);
  return [
    ...stored.map(({ view, feature, column }) => ({ view, feature, column, type: storedType(views, view, feature), isOnDemand: false })),
    ...onDemand.flatMap(({ name, outputs }) => outputs.map(({ feature, column, type }) => ({ view: name, feature, column, type, isOnDemand: true }))),
  ];
}

/** The declared type of a selected feature; throws a RangeError when the views have no such feature (a programming error: selections are made from their views). */
export function storedType(views: readonly FeatureViewSnapshot[], view: string, feature: string): ValueType {
  const field = views.find((candidate) => selectedName(candidate) === view)?.features.find(({ name }) => name === feature);
  if (field === undefined) throw new RangeError(`no feature ${view}:${feature}`);
  return field.type;
}

import type { TableSource, Field } from './definitions.ts';
import type { JoinKeyType } from './value-types.ts';

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
}

/** The features of one read, resolved: the views in question and the columns in output order. */
export interface FeatureSelection {
  readonly views: readonly FeatureViewSnapshot[];
  readonly columns: readonly SelectedFeature[];
}

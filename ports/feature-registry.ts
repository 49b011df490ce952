import type { Entity, FeatureRepository, FeatureService, FeatureView, UnusableDefinition } from '../domain/features/definitions.ts';
import type { OnlineEffect } from '../domain/features/online-effects.ts';
import type { FeatureViewSnapshot } from '../domain/features/snapshot.ts';
import type { Micros } from '../domain/instant.ts';

export interface PlannedChange {
  readonly kind: 'entity' | 'data source' | 'feature view' | 'feature service' | 'on-demand feature view';
  readonly name: string;
  readonly action: 'add' | 'change' | 'remove';
  readonly detail: string;
}

/** What stays although the repository does not name it. */
export interface KeptObject {
  readonly kind: PlannedChange['kind'];
  readonly name: string;
  /** What needs it. */
  readonly detail: string;
}

export interface ApplyPlan {
  readonly changes: readonly PlannedChange[];
  readonly unchanged: number;
  /** Views that something of another program still reads. */
  readonly kept: readonly KeptObject[];
  /** What the changes do to values in the online store. */
  readonly online: readonly OnlineEffect[];
  /** What could not be done besides, although the definitions are applied: a sentence each, with its cure. */
  readonly warnings?: readonly string[];
}

/** How far Feast says a view has come. Feast serves `unspecified` (a new view) and `available online` only; here no state stops anything. */
export type ViewState = 'unspecified' | 'created' | 'generated' | 'materializing' | 'available online';

/** How far our own runs have brought a view online. Feast does not know it: its intervals also hold windows that leave rows out. */
export interface OnlineMark {
  /** Every row that could be seen at this instant, and served, has been brought. */
  readonly endMicros: Micros;
  /** When all that is online began to be written or renewed by the last such run; keys may have ended when a lifetime has passed since. */
  readonly renewedMicros: Micros;
}

/** What the registry knows of a view beyond its definition. */
export interface RegisteredView {
  readonly view: FeatureView;
  readonly createdMicros: Micros;
  readonly updatedMicros: Micros;
  readonly state: ViewState;
  /** Windows that are in the online store, as recorded; forgotten when a change of the definition makes what is there incomplete. */
  readonly materializationIntervals: readonly { readonly startMicros: Micros; readonly endMicros: Micros }[];
  /** Left out: no run has brought the whole of the view as it is defined now. */
  readonly mark?: OnlineMark;
}

/** A data source as a row of its own. */
export interface RegisteredSource {
  readonly name: string;
  readonly kind: 'table' | 'query' | 'push' | 'request' | 'other';
  /** The table, or that behind a push source, where it has one. */
  readonly table: string | undefined;
  readonly description: string;
}

/** Everything of one project at one instant. */
export interface RegistryContents extends FeatureRepository {
  readonly views: readonly RegisteredView[];
  readonly dataSources: readonly RegisteredSource[];
  readonly unusable: readonly UnusableDefinition[];
}

/** How somebody waits for others that write. */
export interface WritersPatience {
  readonly mostMillis: number;
  /** Is told each view whose writers are waited for. */
  readonly onWait: (view: string) => void;
}

export interface RebuiltTable {
  readonly rows: number;
  /** Of the registry file that they show. */
  readonly generation: string;
}

/** Definitions as applied, shared with Feast: its tables, its protobuf. One project. Objects of a kind that we do not know are left as they are. */
export interface FeatureRegistry {
  /** What `apply` would change. */
  plan(repository: FeatureRepository): Promise<ApplyPlan>;
  /**
   * Makes the registry equal to the repository, in one transaction; unknown fields and created timestamps stay. `shown`: the plan that was agreed to; CONFLICT, and nothing is changed,
   * when by now more would change. Values that the plan removes online are noted in the same transaction: `removeOnlineValues` then removes them.
   */
  apply(repository: FeatureRepository, shown?: ApplyPlan): Promise<ApplyPlan>;
  /**
   * Calls `remove` for each view, as it was, whose online values `apply` said would go, and forgets it when that is done: what a killed process left is done by the next call.
   * One caller at a time. Resolves to the views' names.
   */
  removeOnlineValues(remove: (view: FeatureViewSnapshot) => Promise<unknown>): Promise<readonly string[]>;
  /**
   * Does `work`, which writes values of the view to the online store, where the registered view still takes them, and keeps `withoutWriters` waiting meanwhile. CONFLICT, and nothing is done, when by
   * now its keys, types or source are others or it is not online any more; NOT_FOUND when it is gone; UNAVAILABLE while its values are being removed. `signal` is aborted when the promise cannot be kept.
   */
  whileDefined<T>(view: FeatureViewSnapshot, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Does `work` while nobody writes values of these views, all over the project. Waits for those who do; CONFLICT, and nothing is done, when that takes longer than the patience. */
  withoutWriters<T>(views: readonly string[], patience: WritersPatience, work: () => Promise<T>): Promise<T>;
  /** What is applied, all of one instant. Definitions that cannot be used here are in `unusable`; a service may take features of one of them. */
  contents(): Promise<RegistryContents>;
  entities(): Promise<readonly Entity[]>;
  featureViews(): Promise<readonly RegisteredView[]>;
  featureServices(): Promise<readonly FeatureService[]>;
  /**
   * Adds an interval to the view, joined with those that it touches, and marks the view available online. Safe to repeat. `materialized`: the view as it was written; CONFLICT
   * when the registered one has other keys, features, types or source by now, so that nobody takes its values for complete. `mark`: set in the same transaction; left out, what
   * is there stays. A change of the definition that forgets intervals forgets it, too.
   */
  recordMaterialization(view: string, startMicros: Micros, endMicros: Micros, materialized?: FeatureViewSnapshot, mark?: OnlineMark): Promise<void>;
  /** Writes the rows that show the registry to queries anew, whatever is there. UNSUPPORTED where the registry has none. */
  rebuildTable(): Promise<RebuiltTable>;
  close(): Promise<void>;
}

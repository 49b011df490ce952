import type { Entity, FeatureRepository, FeatureService, FeatureView } from '../domain/features/definitions.ts';
import type { Micros } from '../domain/instant.ts';

export interface ApplyPlan {
  readonly changes: readonly { readonly kind: 'entity' | 'data source' | 'feature view' | 'feature service'; readonly name: string; readonly action: 'add' | 'change' | 'remove'; readonly detail: string }[];
  readonly unchanged: number;
}

/** What the registry knows of a view beyond its definition. */
export interface RegisteredView {
  readonly view: FeatureView;
  readonly createdMicros: Micros;
  readonly updatedMicros: Micros;
  readonly materializationIntervals: readonly { readonly startMicros: Micros; readonly endMicros: Micros }[];
}

/** Definitions as applied, shared with Feast: its tables, its protobuf. One project. Objects of a kind that we do not know are left as they are. */
export interface FeatureRegistry {
  /** What `apply` would change. */
  plan(repository: FeatureRepository): Promise<ApplyPlan>;
  /** Makes the registry equal to the repository, in one transaction; unknown fields, created timestamps and materialization intervals stay. */
  apply(repository: FeatureRepository): Promise<ApplyPlan>;
  entities(): Promise<readonly Entity[]>;
  featureViews(): Promise<readonly RegisteredView[]>;
  featureServices(): Promise<readonly FeatureService[]>;
  /** Adds an interval to the view and marks it available online. Safe to repeat: an interval that is there already is not added again. */
  recordMaterialization(view: string, startMicros: Micros, endMicros: Micros): Promise<void>;
  close(): Promise<void>;
}

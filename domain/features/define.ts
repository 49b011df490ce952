import { refuseProblems } from '../errors.ts';
import { deepFreeze, quote } from './define-shared.ts';
import type { Described, Entity, FeatureRepository, FeatureService, FeatureView, Field, OnDemandFeatureView, PushSource, TableSource } from './definitions.ts';
import { entityProblems, featureServiceProblems, repositoryProblems } from './validate.ts';
import { featureViewProblems } from './validate-view.ts';

/** A feature view as it is written down: its entities are the defined ones, not their names. */
export interface FeatureViewDefinition<Features extends readonly Field[]> extends Described {
  readonly name: string;
  readonly entities: readonly Entity[];
  readonly features: Features;
  /** Whole seconds that a value stays valid after its event timestamp, the edge inside; null: for ever. */
  readonly ttlSeconds: number | null;
  readonly source: TableSource;
  /** Rows may also be pushed under this name (`POST /push`). */
  readonly pushSource?: PushSource;
  readonly online?: boolean;
  readonly asKnown?: boolean;
}

/** A feature view that knows the names of its features at compile time. */
export type DefinedFeatureView<Features extends readonly Field[] = readonly Field[]> = FeatureView & { readonly features: Features };

/** What a service may take features from. */
type AnyView = FeatureView | OnDemandFeatureView;
type FeatureName<View extends AnyView> = View['features'][number]['name'];

/** What a service takes from one view: the features (left out: all of them, in definition order), another name for the view, other columns for its join keys. */
export interface ServicePart<View extends AnyView> {
  readonly view: View;
  readonly features?: readonly FeatureName<View>[];
  readonly alias?: string;
  readonly joinKeyMap?: Readonly<Record<string, string>>;
}

/** A feature service as it is written down, with the defined views. */
export interface FeatureServiceDefinition<Views extends readonly AnyView[]> extends Described {
  readonly name: string;
  readonly features: { readonly [K in keyof Views]: ServicePart<Views[K]> };
}

/** Declares a thing that features describe. Throws INVALID_DEFINITION with every problem. */
export function defineEntity<const E extends Entity>(entity: E): E {
  refuseProblems('INVALID_DEFINITION', `Entity ${quote(entity.name)} is not valid.`, entityProblems(entity));
  return deepFreeze(entity);
}

/** Declares features that share entities, a source and a ttl. Throws INVALID_DEFINITION with every problem. */
export function defineFeatureView<const Features extends readonly Field[]>(definition: FeatureViewDefinition<Features>): DefinedFeatureView<Features> {
  const view = { ...definition, entities: definition.entities.map((entity) => entity.name) };
  const joinKeys = definition.entities.map((entity) => entity.joinKey);
  refuseProblems('INVALID_DEFINITION', `Feature view ${quote(view.name)} is not valid.`, featureViewProblems(view, joinKeys));
  return deepFreeze(view);
}

/** Declares the features that one model uses. Throws INVALID_DEFINITION with every problem. */
export function defineFeatureService<const Views extends readonly AnyView[]>(definition: FeatureServiceDefinition<Views>): FeatureService {
  const parts: readonly ServicePart<AnyView>[] = definition.features;
  const features = parts.map(({ view, ...taken }) => ({ view: view.name, ...taken }));
  const service: FeatureService = { ...definition, features };
  const views = parts.map((part) => part.view);
  refuseProblems('INVALID_DEFINITION', `Feature service ${quote(service.name)} is not valid.`, featureServiceProblems(service, views));
  return deepFreeze(service);
}

/** Gathers all definitions of a project; `feature_repo/index.ts` exports one as default. Throws INVALID_DEFINITION with every problem of and between them. */
export function defineFeatureRepository(repository: FeatureRepository): FeatureRepository {
  refuseProblems('INVALID_DEFINITION', 'The feature repository is not valid.', repositoryProblems(repository));
  return deepFreeze(repository);
}

import { type Problem, refuseProblems } from '../../../domain/errors.ts';
import type { FeatureRepository, OnDemandFeatureView } from '../../../domain/features/definitions.ts';
import { repositoryProblems } from '../../../domain/features/validate.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { Micros } from '../../../domain/instant.ts';
import type { ApplyPlan, PlannedChange } from '../../../ports/feature-registry.ts';
import { createFieldKeys } from '../codec/field-keys.ts';
import type { DataSource } from '../gen/feast/core/DataSource_pb.ts';
import type { Entity } from '../gen/feast/core/Entity_pb.ts';
import type { FeatureService } from '../gen/feast/core/FeatureService_pb.ts';
import type { FeatureView } from '../gen/feast/core/FeatureView_pb.ts';
import { describeDifference } from './difference.ts';
import { DUMMY_ENTITY, dummyEntityMessage, entityMessage } from './entity-message.ts';
import { keptForOthers } from './kept.ts';
import { DATA_SOURCES, ENTITIES, FEATURE_SERVICES, FEATURE_VIEWS, type KindName, type RegistryKind } from './kinds.ts';
import type { OnlineMarks } from './marks.ts';
import { bundleProblems, type OnDemandViews, planOnDemandViews } from './on-demand.ts';
import type { OtherView } from './other-views.ts';
import { pushMessage } from './push-message.ts';
import type { StoredObject, ViewVersion } from './records.ts';
import { serviceMessage } from './service-message.ts';
import { sourceMessage } from './source-message.ts';
import { followChange, followRemoval, type ViewConsequences } from './view-consequences.ts';
import type { TableKind } from './table-kinds.ts';
import { type RegistryTarget, viewMessage } from './view-message.ts';

/** What the registry holds of one project: serialized messages by name. */
export interface StoredObjects {
  readonly objects: Readonly<Record<KindName, ReadonlyMap<string, Uint8Array>>>;
  /** Views of kinds that are not ours (on demand, stream, label), by name: Feast wants names unique over all kinds. */
  readonly otherViews: ReadonlyMap<string, OtherView>;
  /** On-demand feature views of ours, by name. */
  readonly onDemand: OnDemandViews;
  /** How far views are brought online by our own runs. */
  readonly marks: OnlineMarks;
  /** Greatest version number in the history, by view. */
  readonly versions: ReadonlyMap<string, number>;
}

/** `plan` for people, the rest for the registry. */
export interface RegistryPlan {
  readonly plan: ApplyPlan;
  readonly writes: readonly StoredObject[];
  readonly versions: readonly ViewVersion[];
  readonly removals: readonly { readonly kind: KindName; readonly name: string }[];
  /** All on-demand feature views as they are to be; undefined: as they are. */
  readonly onDemand: readonly OnDemandFeatureView[] | undefined;
  /** Views that are removed, or that have to be materialized from the beginning. */
  readonly forgottenMarks: readonly string[];
  /** Views, as they were, whose online values go. */
  readonly onlineRemovals: readonly FeatureViewSnapshot[];
}

/** An object that the repository wants: the message to store, given the one that is stored. */
interface Wanted<M> {
  readonly name: string;
  readonly build: (previous: M | undefined) => M;
}

/** What makes the registry equal to the repository. INVALID_DEFINITION with every problem; CONFLICT when a view of another kind has a name that is wanted. */
export function planRegistry(repository: FeatureRepository, target: RegistryTarget, stored: StoredObjects, now: Micros): RegistryPlan {
  refuseProblems('INVALID_DEFINITION', 'The feature repository is not valid; nothing was applied.', [...repositoryProblems(repository), ...fieldKeyProblems(repository), ...bundleProblems(repository.onDemandFeatureViews ?? [])]);
  refuseTakenNames(repository, target.project, stored);
  const { featureServices, onDemandFeatureViews = [] } = repository;
  const kept = keptForOthers(stored, new Set(repository.featureViews.map(({ name }) => name)), new Set(featureServices.map(({ name }) => name)));
  const consequences: ViewConsequences[] = [];
  const services = featureServices.map((service): Wanted<FeatureService> => ({ name: service.name, build: (previous) => serviceMessage(service, repository, target.tables, previous) }));
  const parts = [
    planKind(DATA_SOURCES, wantedSources(repository, target.tables), stored, now, { keep: kept.sources }),
    planKind(FEATURE_VIEWS, wantedViews(repository, target), stored, now, { keep: kept.views.map(({ name }) => name), beforeWrite: (step) => consequences.push(followChange(step, stored.versions.get(step.name))) }),
    planKind(ENTITIES, wantedEntities(repository), stored, now, { keep: kept.entities }),
    planKind(FEATURE_SERVICES, services, stored, now, { keep: kept.services }),
  ];
  const onDemand = planOnDemandViews(onDemandFeatureViews, stored.onDemand);
  const removals = parts.flatMap((part) => part.removals);
  const gone = removals.filter(({ kind }) => kind === 'feature view').map(({ name }) => followRemoval(name, stored));
  const all = [...consequences, ...gone];
  return {
    plan: {
      changes: [...parts.flatMap((part) => part.changes), ...onDemand.changes],
      unchanged: parts.reduce((sum, part) => sum + part.unchanged, onDemand.unchanged),
      kept: kept.views,
      online: all.flatMap(({ effect }) => effect ?? []),
    },
    writes: parts.flatMap((part) => part.writes),
    versions: all.flatMap(({ versions }) => versions),
    removals,
    onDemand: onDemand.views,
    forgottenMarks: [...gone, ...consequences].flatMap(({ effect }) => (effect !== undefined && (effect.needsMaterialization || effect.removesValues) ? [effect.view] : [])),
    onlineRemovals: all.flatMap(({ effect, before }) => (effect?.removesValues === true && before !== undefined ? [before] : [])),
  };
}

/** Table sources and push sources, each once. */
function wantedSources({ featureViews }: FeatureRepository, kind: TableKind): Wanted<DataSource>[] {
  const tables = new Map(featureViews.map(({ source }) => [source.name, source]));
  const pushes = new Map(featureViews.flatMap(({ pushSource, source }) => (pushSource === undefined ? [] : [[pushSource.name, { pushSource, source }] as const])));
  return [
    ...[...tables.values()].map((source): Wanted<DataSource> => ({ name: source.name, build: (previous) => sourceMessage(source, kind, previous) })),
    ...[...pushes.values()].map(({ pushSource, source }): Wanted<DataSource> => ({ name: pushSource.name, build: (previous) => pushMessage(pushSource, source, kind, previous) })),
  ];
}

/** The online store finds a feature by a hash of 32 bits of `view:feature`: two of one entity that share it would overwrite each other. */
function fieldKeyProblems({ featureViews }: FeatureRepository): Problem[] {
  const owners = new Map<string, string>();
  return featureViews.flatMap((view) =>
    view.features.flatMap((feature) => {
      const reference = `${view.name}:${feature.name}`;
      const field = `${[...view.entities].sort().join(' ')} ${createFieldKeys(view.name).feature(feature.name).toString('hex')}`;
      const owner = owners.get(field);
      owners.set(field, reference);
      if (owner === undefined || owner === reference) return [];
      return [{ path: `feature view ${view.name}.features.${feature.name}`, message: `The online store would keep it in the same field as ${owner} (Feast's hash of both names is equal).`, cure: 'Rename one of the two.' }];
    }),
  );
}

function wantedViews({ entities, featureViews }: FeatureRepository, target: RegistryTarget): Wanted<FeatureView>[] {
  return featureViews.map((view) => {
    const own = view.entities.flatMap((name) => entities.filter((entity) => entity.name === name));
    return { name: view.name, build: (previous) => viewMessage(view, own, target, previous) };
  });
}

function wantedEntities({ entities, featureViews }: FeatureRepository): Wanted<Entity>[] {
  const wanted: Wanted<Entity>[] = entities.map((entity) => ({ name: entity.name, build: (previous) => entityMessage(entity, previous) }));
  if (featureViews.some((view) => view.entities.length === 0)) wanted.push({ name: DUMMY_ENTITY.name, build: (previous) => previous ?? dummyEntityMessage() });
  return wanted;
}

/** An object about to be written. */
export interface Step<M> {
  readonly name: string;
  readonly previous: { readonly message: M; readonly bytes: Uint8Array } | undefined;
  readonly next: M;
}

interface KindPlan extends Pick<RegistryPlan, 'writes' | 'removals'> {
  readonly changes: readonly PlannedChange[];
  readonly unchanged: number;
}

interface KindOptions<M> {
  /** Names that stay although the repository does not name them. */
  readonly keep?: readonly string[];
  /** May still mark the message that is written. */
  readonly beforeWrite?: (step: Step<M>) => void;
}

function planKind<M>(kind: RegistryKind<M>, wanted: readonly Wanted<M>[], stored: StoredObjects, now: Micros, { keep = [], beforeWrite }: KindOptions<M>): KindPlan {
  const there = stored.objects[kind.kind];
  const steps = wanted.map(({ name, build }): Step<M> => {
    const bytes = there.get(name);
    const previous = bytes === undefined ? undefined : { message: kind.decode(bytes), bytes };
    return { name, previous, next: build(previous?.message) };
  });
  const changed = steps.filter(({ previous, next }) => previous === undefined || !kind.same(previous.message, next));
  for (const step of changed) {
    kind.stamp(step.next, now);
    beforeWrite?.(step);
  }
  const names = new Set([...wanted.map((object) => object.name), ...keep]);
  const removals = [...there].filter(([name, bytes]) => !names.has(name) && kind.isRemovable(kind.decode(bytes))).map(([name]) => ({ kind: kind.kind, name }));
  const changes = [
    ...changed.map((step) => describeStep(kind, step)),
    ...removals.map(({ name }) => ({ kind: kind.kind, name, action: 'remove' as const, detail: 'it is not in the feature repository' })),
  ];
  const writes = changed.map(({ name, next }) => ({ kind: kind.kind, name, bytes: kind.encode(next) }));
  return { changes, unchanged: steps.length - changed.length, writes, removals };
}

function describeStep<M>(kind: RegistryKind<M>, { name, previous, next }: Step<M>): PlannedChange {
  if (previous === undefined) return { kind: kind.kind, name, action: 'add', detail: 'it is new' };
  return { kind: kind.kind, name, action: 'change', detail: describeDifference((message: M) => kind.read(message), previous.message, next) };
}

function refuseTakenNames(repository: FeatureRepository, project: string, stored: StoredObjects): void {
  const problems = [...repository.featureViews, ...(repository.onDemandFeatureViews ?? [])].flatMap(({ name }) => {
    const other = stored.otherViews.get(name);
    return other === undefined ? [] : [{ path: `feature view ${name}`, message: `Feast project "${project}" has a view of that name of another kind (${other.kind}).`, cure: 'Rename one of them.' }];
  });
  refuseProblems('CONFLICT', 'Names of feature views are taken; nothing was applied.', problems);
}

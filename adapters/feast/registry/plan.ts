import { refuseProblems } from '../../../domain/errors.ts';
import type { FeatureRepository } from '../../../domain/features/definitions.ts';
import { repositoryProblems } from '../../../domain/features/validate.ts';
import type { Micros } from '../../../domain/instant.ts';
import type { ApplyPlan } from '../../../ports/feature-registry.ts';
import type { Entity } from '../gen/feast/core/Entity_pb.ts';
import type { FeatureView } from '../gen/feast/core/FeatureView_pb.ts';
import { describeDifference } from './difference.ts';
import { DUMMY_ENTITY, dummyEntityMessage, entityMessage } from './entity-message.ts';
import { DATA_SOURCES, ENTITIES, FEATURE_SERVICES, FEATURE_VIEWS, type KindName, type RegistryKind } from './kinds.ts';
import { serviceMessage } from './service-message.ts';
import { sourceMessage } from './source-message.ts';
import { columnsDiffer, viewMessage } from './view-message.ts';

/** What the registry holds of one project: serialized messages by name. */
export interface StoredObjects {
  readonly objects: Readonly<Record<KindName, ReadonlyMap<string, Uint8Array>>>;
  /** Names of views of kinds that are not ours (on demand, stream, label), with their kind: Feast wants names unique over all kinds. */
  readonly otherViews: ReadonlyMap<string, string>;
  /** Greatest version number in the history, by view. */
  readonly versions: ReadonlyMap<string, number>;
}

/** A row of a view's version history. */
export interface ViewVersion {
  readonly view: string;
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** `plan` for people, the rest for the tables. */
export interface RegistryPlan {
  readonly plan: ApplyPlan;
  readonly writes: readonly { readonly kind: KindName; readonly name: string; readonly bytes: Uint8Array }[];
  readonly versions: readonly ViewVersion[];
  readonly removals: readonly { readonly kind: KindName; readonly name: string }[];
}

/** An object that the repository wants: the message to store, given the one that is stored. */
interface Wanted<M> {
  readonly name: string;
  readonly build: (previous: M | undefined) => M;
}

/** What makes the registry equal to the repository. INVALID_DEFINITION with every problem; CONFLICT when a view of another kind has a name that is wanted. */
export function planRegistry(repository: FeatureRepository, project: string, stored: StoredObjects, now: Micros): RegistryPlan {
  refuseProblems('INVALID_DEFINITION', 'The feature repository is not valid; nothing was applied.', repositoryProblems(repository));
  refuseTakenNames(repository, project, stored);
  const { featureViews, featureServices } = repository;
  const sources = new Map(featureViews.map((view) => [view.source.name, view.source]));
  const parts = [
    planKind(DATA_SOURCES, [...sources.values()].map((source) => ({ name: source.name, build: (previous) => sourceMessage(source, previous) })), stored, now),
    planKind(FEATURE_VIEWS, wantedViews(repository, project), stored, now, (step) => nextVersions(step, stored.versions.get(step.name))),
    planKind(ENTITIES, wantedEntities(repository), stored, now),
    planKind(FEATURE_SERVICES, featureServices.map((service) => ({ name: service.name, build: (previous) => serviceMessage(service, featureViews, previous) })), stored, now),
  ];
  return {
    plan: { changes: parts.flatMap((part) => part.plan.changes), unchanged: parts.reduce((sum, part) => sum + part.plan.unchanged, 0) },
    writes: parts.flatMap((part) => part.writes),
    versions: parts.flatMap((part) => part.versions),
    removals: parts.flatMap((part) => part.removals),
  };
}

function wantedViews({ entities, featureViews }: FeatureRepository, project: string): Wanted<FeatureView>[] {
  return featureViews.map((view) => {
    const own = view.entities.flatMap((name) => entities.filter((entity) => entity.name === name));
    return { name: view.name, build: (previous) => viewMessage(view, own, project, previous) };
  });
}

function wantedEntities({ entities, featureViews }: FeatureRepository): Wanted<Entity>[] {
  const wanted: Wanted<Entity>[] = entities.map((entity) => ({ name: entity.name, build: (previous) => entityMessage(entity, previous) }));
  if (featureViews.some((view) => view.entities.length === 0)) wanted.push({ name: DUMMY_ENTITY.name, build: (previous) => previous ?? dummyEntityMessage() });
  return wanted;
}

/** An object about to be written. */
interface Step<M> {
  readonly name: string;
  readonly previous: { readonly message: M; readonly bytes: Uint8Array } | undefined;
  readonly next: M;
}

/** `versionsOf` may still mark the message. */
function planKind<M>(kind: RegistryKind<M>, wanted: readonly Wanted<M>[], stored: StoredObjects, now: Micros, versionsOf: (step: Step<M>) => ViewVersion[] = () => []): RegistryPlan {
  const there = stored.objects[kind.kind];
  const steps = wanted.map(({ name, build }): Step<M> => {
    const bytes = there.get(name);
    const previous = bytes === undefined ? undefined : { message: kind.decode(bytes), bytes };
    return { name, previous, next: build(previous?.message) };
  });
  const changed = steps.filter(({ previous, next }) => previous === undefined || !kind.same(previous.message, next));
  for (const step of changed) kind.stamp(step.next, now);
  const names = new Set(wanted.map((object) => object.name));
  const removals = [...there].filter(([name, bytes]) => !names.has(name) && kind.isRemovable(kind.decode(bytes))).map(([name]) => ({ kind: kind.kind, name }));
  const changes = [
    ...changed.map((step) => describeStep(kind, step)),
    ...removals.map(({ name }) => ({ kind: kind.kind, name, action: 'remove' as const, detail: 'it is not in the feature repository' })),
  ];
  const versions = changed.flatMap(versionsOf);
  const writes = changed.map(({ name, next }) => ({ kind: kind.kind, name, bytes: kind.encode(next) }));
  return { plan: { changes, unchanged: steps.length - changed.length }, writes, versions, removals };
}

function describeStep<M>(kind: RegistryKind<M>, { name, previous, next }: Step<M>): ApplyPlan['changes'][number] {
  if (previous === undefined) return { kind: kind.kind, name, action: 'add', detail: 'it is new' };
  return { kind: kind.kind, name, action: 'change', detail: describeDifference((message: M) => kind.read(message), previous.message, next) };
}

/** A view's first form is version 0 of its history, and each change of its columns the next one. A view that had no history gets its earlier form as version 0. */
function nextVersions({ name, previous, next }: Step<FeatureView>, newest: number | undefined): ViewVersion[] {
  if (previous !== undefined && !columnsDiffer(previous.message, next)) return [];
  const earlier = newest === undefined && previous !== undefined ? [{ view: name, number: 0, bytes: previous.bytes }] : [];
  const number = (newest ?? earlier.length - 1) + 1;
  if (next.meta !== undefined) next.meta.currentVersionNumber = number;
  return [...earlier, { view: name, number, bytes: FEATURE_VIEWS.encode(next) }];
}

function refuseTakenNames(repository: FeatureRepository, project: string, stored: StoredObjects): void {
  const problems = repository.featureViews.flatMap(({ name }) => {
    const kind = stored.otherViews.get(name);
    return kind === undefined ? [] : [{ path: `feature view ${name}`, message: `Feast project "${project}" has ${kind} of that name.`, cure: 'Rename one of them.' }];
  });
  refuseProblems('CONFLICT', 'Names of feature views are taken; nothing was applied.', problems);
}

import type { OnDemandFeatureView } from '../../domain/features/definitions.ts';
import { keyColumn, type FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { JoinKeyType } from '../../domain/features/value-types.ts';
import { nearest } from '../../domain/nearest.ts';
import type { Definitions } from './definitions.ts';
import { exceptionText, feastError, keyError } from './faults.ts';
import { neededBy, planOnDemand, type PlannedOnDemand } from './on-demand-read.ts';
import type { OnlineFeaturesBody } from './requests.ts';
import { jsonWriter, type JsonWriter } from './value-json.ts';

/** All that reads of the same features have in common, worked out once. */
export interface ReadPlan {
  readonly reads: readonly PlannedRead[];
  /** Stored features in the order asked for. */
  readonly features: readonly PlannedFeature[];
  /** On-demand feature views: their features come behind the stored ones. */
  readonly onDemand: readonly PlannedOnDemand[];
  /** Columns of the request that are join keys, with the type of those that the views need. */
  readonly keyTypes: ReadonlyMap<string, JoinKeyType | undefined>;
  /** Entity name -> the column that its join key has here: the name that Feast's old clients send. */
  readonly entityNames: ReadonlyMap<string, string>;
  /** `"name","name"`, and the views for `include_feature_view_version_metadata`. */
  readonly featureNames: string;
  readonly viewMetadata: string;
}

export interface PlannedRead {
  readonly view: FeatureViewSnapshot;
  readonly features: readonly string[];
  /** Columns of the request, in the order of the view's join keys. */
  readonly keyColumns: readonly string[];
}

export interface PlannedFeature {
  readonly read: number;
  readonly place: number;
  readonly write: JsonWriter;
}

interface Reference {
  /** The view's name, or the alias that the service gives it. */
  readonly name: string;
  readonly feature: string;
}

/** Distinct requests whose plans are kept; more than a service's clients ask for. */
const MOST_PLANS = 1_000;

/** The plan of a request; made at most once for the same features. Throws what Feast answers when they cannot be read. */
export function planRead(definitions: Definitions, { feature_service: service, features, full_feature_names: full }: Pick<OnlineFeaturesBody, 'feature_service' | 'features' | 'full_feature_names'>): ReadPlan {
  const id = service ? `s${full ? 1 : 0}${service}` : `f${full ? 1 : 0}${features.join('\n')}`;
  let plan = definitions.plans.get(id);
  if (plan === undefined) {
    plan = makePlan(definitions, service ? serviceParts(definitions, service) : listParts(definitions, features), full);
    if (definitions.plans.size >= MOST_PLANS) definitions.plans.clear();
    definitions.plans.set(id, plan);
  }
  return plan;
}

interface Parts {
  readonly views: ReadonlyMap<string, FeatureViewSnapshot>;
  readonly references: readonly Reference[];
}

function makePlan(definitions: Definitions, parts: Parts, full: boolean): ReadPlan {
  refuseCollisions(parts.references, full);
  const references = parts.references.filter(({ name }) => parts.views.has(name));
  const onDemand = computedParts(definitions, parts);
  const views = new Map(parts.views);
  const needed = onDemand.flatMap(({ view }) => neededBy(view, definitions.views));
  for (const { view } of needed) if (!views.has(view)) views.set(view, definitions.views.get(view)!);
  const reads = [...views].map(([name, view]) => ({
    view,
    features: [...new Set([...references.filter((reference) => reference.name === name), ...needed.filter((place) => place.view === name)].map(({ feature }) => feature))],
    keyColumns: view.joinKeys.map((key) => keyColumn(view, key.name)),
  }));
  const names = [...views.keys()];
  const planned = references.map(({ name, feature }): PlannedFeature => {
    const read = names.indexOf(name);
    const { view, features } = reads[read]!;
    const field = view.features.find((candidate) => candidate.name === feature);
    if (field === undefined) throw keyError(`Feature ${feature} not found in projection ${name}${didYouMean(feature, view.features.map((candidate) => candidate.name))}`);
    return { read, place: features.indexOf(feature), write: jsonWriter(field.type) };
  });
  return {
    reads,
    features: planned,
    onDemand: onDemand.map(({ view, features }) => planOnDemand(definitions, view, features, views)),
    ...keysOf(definitions, reads.map(({ view }) => view)),
    featureNames: [...references, ...onDemand.flatMap(({ view, features }) => features.map((feature) => ({ name: view.name, feature })))].map(({ name, feature }) => JSON.stringify(full ? `${name}__${feature}` : feature)).join(','),
    viewMetadata: [...new Set(reads.map(({ view }) => view.name))].map((name) => `{"name":${JSON.stringify(name)}}`).join(','),
  };
}

/** What is asked for of on-demand feature views, which no read brings. */
function computedParts({ onDemand }: Definitions, { views, references }: Parts): { readonly view: OnDemandFeatureView; readonly features: readonly string[] }[] {
  const computed = references.filter(({ name }) => !views.has(name));
  return [...new Set(computed.map(({ name }) => name))].map((name) => {
    const view = onDemand.get(name)!;
    const features = computed.filter((reference) => reference.name === name).map(({ feature }) => feature);
    const there = view.features.map((feature) => feature.name);
    for (const feature of features) if (!there.includes(feature)) throw keyError(`Feature ${feature} not found in projection ${name}${didYouMean(feature, there)}`);
    return { view, features };
  });
}

/** Feast takes every join key of the project for one, also of entities that no view here has; such a column is only said back. */
function keysOf({ entities }: Definitions, views: readonly FeatureViewSnapshot[]): Pick<ReadPlan, 'keyTypes' | 'entityNames'> {
  const keyTypes = new Map<string, JoinKeyType | undefined>(entities.map(({ joinKey }) => [joinKey, undefined]));
  const entityNames = new Map(entities.map(({ name, joinKey }) => [name, joinKey]));
  for (const view of views) for (const { name, type } of view.joinKeys) keyTypes.set(keyColumn(view, name), type);
  return { keyTypes, entityNames };
}

function serviceParts(definitions: Definitions, serviceName: string): Parts {
  const { project, services } = definitions;
  const service = services.get(serviceName);
  if (service === undefined) throw feastError(404, 'FeatureServiceNotFoundException', `Feature service ${serviceName} does not exist in project ${project}${didYouMean(serviceName, services.keys())}`);
  const views = new Map<string, FeatureViewSnapshot>();
  const references = service.features.flatMap(({ view: viewName, features, alias, joinKeyMap }) => {
    const computed = definitions.views.has(viewName) ? undefined : definitions.onDemand.get(viewName);
    if (computed !== undefined) return (features ?? computed.features.map((feature) => feature.name)).map((feature) => ({ name: viewName, feature }));
    const view = viewNamed(definitions, viewName);
    const name = alias ?? viewName;
    views.set(name, alias === undefined && joinKeyMap === undefined ? view : { ...view, ...(alias === undefined ? {} : { alias }), ...(joinKeyMap === undefined ? {} : { joinKeyMap }) });
    return (features ?? view.features.map((feature) => feature.name)).map((feature) => ({ name, feature }));
  });
  return { views, references };
}

function listParts(definitions: Definitions, features: readonly string[]): Parts {
  if (features.length === 0) throw exceptionText('No features specified for retrieval');
  const references = features.map((text) => {
    const colon = text.indexOf(':');
    if (colon < 0) throw exceptionText(`Invalid feature reference '${text}'. Expected format: '<feature_view>:<feature>' or '<feature_view>@<version>:<feature>'${nearReference(definitions, text)}`);
    const [name, feature] = [text.slice(0, colon).replace(/@(latest)?$/i, ''), text.slice(colon + 1)];
    if (name === '') throw viewNotFound(definitions, '', `. A reference is '<feature_view>:<feature>'${nearReference(definitions, feature)}`);
    if (feature === '' && (definitions.views.has(name) || definitions.onDemand.has(name))) throw keyError(`Feature  not found in projection ${name}. A reference is '<feature_view>:<feature>'${nearReference(definitions, name)}`);
    return { name, feature };
  });
  const stored = references.filter(({ name }) => definitions.views.has(name) || !definitions.onDemand.has(name));
  return { views: new Map(stored.map(({ name }) => [name, viewNamed(definitions, name)])), references };
}

function viewNamed(definitions: Definitions, name: string): FeatureViewSnapshot {
  const { views, onDemand, unusable } = definitions;
  const view = views.get(name);
  if (view !== undefined) return view;
  const reason = unusable.get(name);
  if (reason !== undefined) throw exceptionText(reason);
  const versioned = /^([^@]*)@v\d+$/i.exec(name);
  if (versioned !== null) throw exceptionText(`Version-qualified ref '${name}' not supported: online versioning is disabled. Ask for ${versioned[1]} without a version.`);
  throw viewNotFound(definitions, name, didYouMean(name, [...views.keys(), ...onDemand.keys()]));
}

function viewNotFound({ project }: Definitions, name: string, cure: string): Error {
  return feastError(404, 'FeatureViewNotFoundException', `Feature view ${name} does not exist in project ${project}${cure}`);
}

/** Of a text that is a view or a feature, or nearly one: the reference that it may stand for. */
function nearReference({ views, onDemand }: Definitions, text: string): string {
  const references = [...views.values(), ...onDemand.values()].flatMap(({ name: view, features }) => features.map(({ name: feature }) => ({ view, feature })));
  const near = text === '' ? undefined : nearest(text, references.flatMap(({ view, feature }) => [view, feature]));
  const found = references.find(({ view }) => view === near) ?? references.find(({ feature }) => feature === near);
  return found === undefined ? '' : `. Did you mean "${found.view}:${found.feature}"?`;
}

function refuseCollisions(references: readonly Reference[], full: boolean): void {
  const names = references.map(({ name, feature }) => (full ? `${name}__${feature}` : feature));
  const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) < index))];
  if (repeated.length === 0) return;
  const cure = full
    ? "please ensure that the feature views or their own features have different names. If you're intentionally joining the same feature view twice on different sets of entities, please rename one of the feature views with '.with_name'."
    : "either use the full feature name by setting 'full_feature_names=True', or ensure that the features in question have different names.";
  throw feastError(500, 'FeatureNameCollisionError', `Duplicate features named ${repeated.join(', ')} found.\nTo resolve this collision, ${cure}`);
}

/** Behind Feast's own message, where something near is there. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = nearest(name, candidates);
  return near === undefined ? '' : `. Did you mean "${near}"?`;
}

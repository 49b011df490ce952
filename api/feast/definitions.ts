import type { Entity, FeatureRepository, FeatureService, OnDemandFeatureView } from '../../domain/features/definitions.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureRegistry } from '../../ports/feature-registry.ts';
import type { Log } from '../../ports/log.ts';
import type { TransformRunner } from '../../ports/transform-runner.ts';
import { feastError } from './faults.ts';
import type { ReadPlan } from './read-plan.ts';

/** The registry's definitions as the routes need them: one state, replaced as a whole. */
export interface Definitions {
  readonly project: string;
  readonly entities: readonly Entity[];
  readonly views: ReadonlyMap<string, FeatureViewSnapshot>;
  readonly services: ReadonlyMap<string, FeatureService>;
  readonly onDemand: ReadonlyMap<string, OnDemandFeatureView>;
  /** Left out: on-demand features are refused. */
  readonly transforms: TransformRunner | undefined;
  /** Views that are registered and cannot be read here: name -> why. */
  readonly unusable: ReadonlyMap<string, string>;
  /** Push source -> the views that take its rows. */
  readonly pushSources: ReadonlyMap<string, readonly FeatureViewSnapshot[]>;
  /** Plans of reads that were asked for, by request; they go with the definitions that they were made from. */
  readonly plans: Map<string, ReadPlan>;
}

export interface DefinitionsHolder {
  /** Throws a fault of status 503 while the registry has never been read. */
  readonly current: Definitions;
  /** View -> the instant until which the registry records it as materialized, microseconds. Views that never were are not here. */
  readonly materializedUntil: ReadonlyMap<string, number>;
  /** Looks at the registry now; calls at the same time are one. When it cannot be read, the definitions stay as they are. */
  refresh(): Promise<void>;
  /** Looks at the registry now, unless it was read less than a second ago; rejects with what is wrong. */
  look(): Promise<void>;
  close(): void;
}

export type DefinitionsSource = Pick<FeatureRegistry, 'contents'>;

/** As long as Feast's feature server waits between two looks at its registry. */
const REFRESH_MS = 5_000;

/** Asking for health often costs no more than this. */
const LOOK_MS = 1_000;

export interface HoldOptions {
  readonly project: string;
  readonly log: Log;
  /** Left out: on-demand features are refused. */
  readonly transforms?: TransformRunner;
  /** Whether a first look that fails is thrown. Otherwise the next looks may succeed: a server of predictions does without the registry. Default true. */
  readonly isRequired?: boolean;
}

/** Reads the registry, and again every few seconds. */
export async function holdDefinitions(source: DefinitionsSource, { project, log, transforms, isRequired = true }: HoldOptions): Promise<DefinitionsHolder> {
  let text = '';
  let current: Definitions | undefined;
  let materializedUntil: ReadonlyMap<string, number> = new Map();
  let fresh = true;
  let problem: unknown;
  let readAt = -Infinity;
  let refreshing: Promise<void> | undefined;
  const refresh = (): Promise<void> => {
    refreshing ??= load()
      .then((next) => {
        if (!fresh) log.info('registry answers again');
        [current, fresh, readAt] = [next, true, performance.now()];
      })
      .catch((error: unknown) => {
        if (fresh) log.error('registry not read; the last definitions stay', { error: error instanceof Error ? error.message : String(error) });
        [fresh, problem] = [false, error];
      })
      .finally(() => (refreshing = undefined));
    return refreshing;
  };
  if (isRequired) current = await load();
  else await refresh();
  const timer = setInterval(() => void refresh(), REFRESH_MS);
  timer.unref();
  return {
    get current() {
      if (current === undefined) throw feastError(503, 'FeastError', 'The feature registry could not be read yet; this server looks again every few seconds.', REFRESH_MS / 1000);
      return current;
    },
    get materializedUntil() {
      return materializedUntil;
    },
    refresh,
    look: async () => {
      if (fresh && performance.now() - readAt < LOOK_MS) return;
      await refresh();
      if (!fresh) throw problem;
    },
    close: () => clearInterval(timer),
  };

  /** The same definitions again are the same object, so that plans and encoders made for them stay. */
  async function load(): Promise<Definitions> {
    const { entities, featureViews, featureServices, onDemandFeatureViews = [], unusable, views } = await source.contents();
    materializedUntil = new Map(views.flatMap(({ view, materializationIntervals: windows }) => (windows.length === 0 ? [] : [[view.name, Math.max(...windows.map(({ endMicros }) => Number(endMicros)))] as const])));
    const repository: FeatureRepository = { entities, featureViews, featureServices, onDemandFeatureViews, unusable };
    const said = JSON.stringify(repository);
    if (current !== undefined && said === text) return current;
    const next = buildDefinitions(repository, project, transforms);
    text = said;
    return next;
  }
}

/** Throws INVALID_DEFINITION when a view names an entity that is not there. */
export function buildDefinitions(repository: FeatureRepository, project: string, transforms: TransformRunner | undefined): Definitions {
  const views = new Map(repository.featureViews.map(({ name }) => [name, snapshotView(repository, name)]));
  const pushSources = new Map<string, FeatureViewSnapshot[]>();
  for (const { name, pushSource } of repository.featureViews) {
    if (pushSource !== undefined) pushSources.set(pushSource.name, [...(pushSources.get(pushSource.name) ?? []), views.get(name)!]);
  }
  return {
    project,
    entities: repository.entities,
    views,
    services: new Map(repository.featureServices.map((service) => [service.name, service])),
    unusable: new Map((repository.unusable ?? []).map(({ kind, name, reason }) => [name, `The ${kind} ${name} cannot be served here: ${reason}`])),
    onDemand: new Map((repository.onDemandFeatureViews ?? []).map((view) => [view.name, view])),
    transforms,
    pushSources,
    plans: new Map(),
  };
}

import { oldestServed } from '../domain/features/oldest-served.ts';
import { snapshotView } from '../domain/features/resolve.ts';
import type { FeatureViewSnapshot } from '../domain/features/snapshot.ts';
import { BEGINNING, formatInstant, MICROS_PER_SECOND, parseInstant, type Micros } from '../domain/instant.ts';
import { PipelineError, refuseProblems } from '../domain/errors.ts';
import { suggestion } from '../domain/nearest.ts';
import type { RegisteredView } from '../ports/feature-registry.ts';
import type { Ports } from '../ports/ports.ts';
import type { NewestRowsRequest } from '../ports/warehouse.ts';
import type { MaterializeFeaturesInput } from '../temporal/inputs.ts';

const NOTHING_APPLIED = 'The registry is empty. Apply the definitions of feature_repo/ first: ml-pipeline features apply';

/** One view's part of a materialization. Instants are ISO 8601 text with microseconds. */
export interface ViewWindow {
  readonly view: FeatureViewSnapshot;
  /** Event timestamps from here to `end`, both included. */
  readonly start: string;
  readonly end: string;
  /** Rows created later are left out. Left out: `end`. */
  readonly knownBy?: string;
  /** Only rows that could not be seen yet at this instant. Left out: all. */
  readonly visibleAfter?: string;
  /** Of an incremental window: where the interval that is recorded begins, the end of the last one. Left out: at `start`. */
  readonly since?: string;
  /** When the window was planned, if every entity that may be served is among its rows: writing them renews all. Left out: others may be online. */
  readonly wholeSince?: string;
  /** What the watermark becomes by this window. Left out: rows that may be served at its end are not in it, and the watermark stays. */
  readonly mark?: WindowMark;
  /** Of an incremental run that is planned whole although the view was materialized before: why. */
  readonly wholeBecause?: string;
  /** About how many rows the window has. */
  readonly rows?: number;
  /** 0: the window is in the store already. */
  readonly slices: number;
}

export interface WindowMark {
  readonly plannedAt: string;
  /** Of an incremental window: when what the last run left was renewed. */
  readonly renewedAt?: string;
}

/** A key of which nine tenths of the lifetime are left is not renewed: so long it lives after a renewal at least. */
const SURE_SHARE = 0.9;

/** Some seconds of work: longer than a step's overhead, short enough to lose to a kill. Small tables are cut finer, into as many as are under way at once, so that reading one slice overlaps with writing another and none is left alone at the end. */
const ROWS_PER_SLICE = 1_000_000;
const ROWS_PER_SMALL_SLICE = 250_000;
const SMALL_SLICES = 3;

/** Where a slice reads the whole table and keeps its share (PostgreSQL), a limit on their number keeps the work in proportion to the rows, however many these are. */
const MOST_SLICES = 32;

/** A transaction that was under way at the last materialization commits rows with an earlier created timestamp: so far back is read again. */
export const DEFAULT_OVERLAP_SECONDS = 600;

/** Clocks of two machines differ by less. */
const CLOCK_DIFFERENCE: Micros = 60 * MICROS_PER_SECOND;

type RegistryNeeds = Pick<Ports, 'clock' | 'featureRegistry' | 'keyTtlSeconds'>;
type Needs = RegistryNeeds & Pick<Ports, 'warehouse'>;
type Bounds = Omit<ViewWindow, 'view' | 'slices'>;

export async function planWindows(ports: Needs, input: MaterializeFeaturesInput): Promise<readonly ViewWindow[]> {
  const windows: ViewWindow[] = [];
  for (const { isDone, ...window } of await chooseWindows(ports, input)) {
    const rows = isDone ? 0 : await ports.warehouse.estimateRows({ view: window.view, ...requestOf(window) });
    windows.push({ ...window, rows, slices: isDone ? 0 : sliceCount(rows) });
  }
  return windows;
}

/** Refuses what `planWindows` would: views that the registry does not have (NOT_FOUND), a window that ends before it starts or is not over yet (INVALID_INPUT). Changes nothing, asks only the registry. */
export async function checkMaterialization(ports: RegistryNeeds, input: MaterializeFeaturesInput): Promise<void> {
  await chooseWindows(ports, input);
}

/** `isDone`: the window is in the store already. */
async function chooseWindows({ clock, featureRegistry, keyTtlSeconds }: RegistryNeeds, input: MaterializeFeaturesInput): Promise<readonly (Bounds & { readonly view: FeatureViewSnapshot; readonly isDone: boolean })[]> {
  const now = clock.now();
  refuseFuture(input, now);
  const repository = await featureRegistry.contents();
  const registered = repository.views;
  const endMicros = input.end === undefined ? now : micros(input.end);
  return chosenViews(registered, input).map((name) => {
    const view = snapshotView(repository, name);
    const found = registered.find((one) => one.view.name === name)!;
    const last = input.incremental === true ? lastMark(found, now) : undefined;
    const isExpired = last !== undefined && now > lifeEnd(last.renewedMicros, keyTtlSeconds);
    const bounds = input.incremental === true ? sinceLast(view, isExpired ? undefined : last?.endMicros, endMicros, input) : fullWindow(view, endMicros, input);
    const isDone = micros(bounds.start) > endMicros || (bounds.since !== undefined && micros(bounds.since) > endMicros);
    if (isDone && input.incremental !== true && input.part !== true) throw new PipelineError('INVALID_INPUT', `The window of ${name} starts at ${bounds.start}, after its end ${bounds.end}.`);
    // Rows that are pushed may be online alone.
    const isPushed = found.view.pushSource !== undefined;
    const isWhole = !isPushed && bounds.since === undefined && [input.start, input.end, input.known_by].every((limit) => limit === undefined);
    const mark: WindowMark = { plannedAt: formatInstant(now), ...(last === undefined || isExpired ? {} : { renewedAt: formatInstant(last.renewedMicros) }) };
    return {
      view,
      ...bounds,
      ...(isWhole ? { wholeSince: formatInstant(now) } : {}),
      ...(bringsAll(view, endMicros, input) ? { mark } : {}),
      ...(isExpired ? { wholeBecause: `whole: keys that were last renewed at ${formatInstant(last!.renewedMicros)} may have expired` } : {}),
      isDone,
    };
  });
}

/** A window that is not over would be recorded as done, and the rows that are still to come would be passed over. */
function refuseFuture({ end, known_by }: MaterializeFeaturesInput, now: Micros): void {
  const future = Object.entries({ end, known_by }).filter(([, text]) => text !== undefined && micros(text) > now + CLOCK_DIFFERENCE);
  const problems = future.map(([path, text]) => ({ path, message: `is ${text}, which is in the future: it is ${formatInstant(now)} now`, cure: 'Leave it out, for now, or give an earlier instant.' }));
  refuseProblems('INVALID_INPUT', 'Nothing was materialized.', problems);
}

function sliceCount(rows: number): number {
  const small = Math.min(SMALL_SLICES, Math.ceil(rows / ROWS_PER_SMALL_SLICE));
  return Math.min(MOST_SLICES, Math.max(1, small, Math.ceil(rows / ROWS_PER_SLICE)));
}

/** What the window asks of the warehouse. */
export function requestOf({ start, end, knownBy, visibleAfter, rows }: Bounds): Omit<NewestRowsRequest, 'view' | 'slice'> {
  return {
    startMicros: micros(start),
    endMicros: micros(end),
    ...(knownBy === undefined ? {} : { knownByMicros: micros(knownBy) }),
    ...(visibleAfter === undefined ? {} : { visibleAfterMicros: micros(visibleAfter) }),
    ...(rows === undefined ? {} : { rows }),
  };
}

export function micros(text: string): Micros {
  const instant = parseInstant(text);
  if (instant === undefined) throw new PipelineError('INVALID_INPUT', `${JSON.stringify(text)} is not an instant such as "2026-11-23T10:00:00Z".`);
  return instant;
}

/** Every row that may be served at the end, or the part of them that the input names. */
function fullWindow(view: FeatureViewSnapshot, endMicros: Micros, { start, known_by: knownBy, part }: MaterializeFeaturesInput): Bounds {
  const knownByMicros = knownBy === undefined ? endMicros : micros(knownBy);
  const oldest = oldestServed(view, knownByMicros);
  const startMicros = start === undefined ? oldest : Math.max(micros(start), part === true ? oldest : BEGINNING);
  return { start: formatInstant(startMicros), end: formatInstant(endMicros), ...(knownBy === undefined ? {} : { knownBy: formatInstant(knownByMicros) }) };
}

/**
 * What came to be seen since the last materialization: rows created since, and rows whose event timestamp has passed since. A source without created timestamps is read from the
 * watermark back by its declared lateness; one that declares none may be late by any time, and is read whole. So is a view that was never materialized.
 */
function sinceLast(view: FeatureViewSnapshot, watermark: Micros | undefined, endMicros: Micros, { overlap_seconds: overlapSeconds = DEFAULT_OVERLAP_SECONDS, known_by: knownBy }: MaterializeFeaturesInput): Bounds {
  const whole = fullWindow(view, endMicros, knownBy === undefined ? {} : { known_by: knownBy });
  if (watermark === undefined) return whole;
  const since = formatInstant(watermark);
  const { createdTimestampColumn, latenessSeconds } = view.source;
  if (createdTimestampColumn !== undefined) return { ...whole, since, visibleAfter: formatInstant(Math.max(BEGINNING, watermark - overlapSeconds * MICROS_PER_SECOND)) };
  if (latenessSeconds === undefined) return { ...whole, since };
  return { ...whole, since, start: formatInstant(Math.max(micros(whole.start), watermark - latenessSeconds * MICROS_PER_SECOND)) };
}

/** What the last run left, of those that brought all that could be seen. An end that has not come yet says nothing: rows before it are still to come. */
function lastMark({ mark }: RegisteredView, now: Micros): RegisteredView['mark'] {
  return mark !== undefined && mark.endMicros <= now + CLOCK_DIFFERENCE ? mark : undefined;
}

/** Until when keys that were renewed live for sure. */
function lifeEnd(renewedMicros: Micros, keyTtlSeconds: number | null): Micros {
  return keyTtlSeconds === null ? Infinity : renewedMicros + Math.floor(SURE_SHARE * keyTtlSeconds * MICROS_PER_SECOND);
}

/** Whether every row that may be served at the end is among those of the window, or was brought before. */
function bringsAll(view: FeatureViewSnapshot, endMicros: Micros, { start, known_by: knownBy, part }: MaterializeFeaturesInput): boolean {
  return knownBy === undefined && part !== true && (start === undefined || micros(start) <= oldestServed(view, endMicros));
}

/**
 * The mark that a window leaves when it is in the store and the expiry is renewed (`now`). Where keys of the last run may have ended before they were renewed, the time of that
 * renewal stays, so that the next incremental run is whole.
 */
export function markOf(end: string, mark: WindowMark | undefined, now: Micros, keyTtlSeconds: number | null): RegisteredView['mark'] {
  if (mark === undefined) return undefined;
  const { plannedAt, renewedAt = plannedAt } = mark;
  const isRenewed = now <= lifeEnd(micros(renewedAt), keyTtlSeconds);
  return { endMicros: micros(end), renewedMicros: micros(isRenewed ? plannedAt : renewedAt) };
}

function chosenViews(registered: readonly RegisteredView[], { views }: MaterializeFeaturesInput): readonly string[] {
  const online = registered.filter(({ view }) => view.online !== false).map(({ view }) => view.name);
  const unknown = (views ?? []).filter((name) => !online.includes(name));
  if (unknown.length === 0) return views ?? online;
  throw new PipelineError('NOT_FOUND', 'Nothing was materialized.', { problems: unknown.map((name) => ({ path: 'views', message: `names ${name}, which is no online feature view of the registry`, cure: online.length === 0 ? NOTHING_APPLIED : suggestion(name, online) })) });
}

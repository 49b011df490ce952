import { PipelineError } from '../../domain/errors.ts';
import { formatInstant, parseInstant, type Micros } from '../../domain/instant.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MaterializationRequest, MaterializationRunner } from '../../ports/materialization-runner.ts';
import type { Definitions } from './definitions.ts';
import { exceptionText, feastError, FeastFault, pythonList, unprocessable } from './faults.ts';
import { didYouMean } from './read-plan.ts';
import type { MaterializeBody, MaterializeIncrementalBody } from './requests.ts';

export interface MaterializeDependencies {
  readonly runner: MaterializationRunner;
  readonly clock: Clock;
}

/** Whether to answer at once (202), as `?async=true` asks for. */
export interface MaterializeMode {
  readonly isAsync: boolean;
}

/** The views under way, for an answer that did not wait. */
export type Accepted = { readonly status: 'accepted'; readonly feature_views: readonly string[] };

/** Materializes a window of event timestamps; resolves when it is in the online store, or to what was started. */
export async function materialize(definitions: Definitions, deps: MaterializeDependencies, body: MaterializeBody, mode: MaterializeMode): Promise<Accepted | null> {
  const views = chosenViews(definitions, body.feature_views, body.version);
  if (body.disable_event_timestamp) return run(deps, views, { start: formatInstant(0), end: formatInstant(deps.clock.now()) }, mode);
  if (!body.start_ts || !body.end_ts) throw exceptionText('start_ts and end_ts are required when disable_event_timestamp is False');
  const [start, end] = [instant(body.start_ts), instant(body.end_ts)];
  if (start >= end) throw exceptionText(`start_ts (${body.start_ts}) must be before end_ts (${body.end_ts})`);
  return run(deps, views, { start: formatInstant(start), end: formatInstant(end) }, mode);
}

/** Materializes what is new since the last time, up to `end_ts`. */
export async function materializeIncremental(definitions: Definitions, deps: MaterializeDependencies, body: MaterializeIncrementalBody, mode: MaterializeMode): Promise<Accepted | null> {
  const views = chosenViews(definitions, body.feature_views, body.version);
  return run(deps, views, { end: formatInstant(instant(body.end_ts)), incremental: true }, mode);
}

interface ChosenViews {
  readonly names: readonly string[];
  /** undefined: all that are online. */
  readonly asked: readonly string[] | undefined;
}

async function run({ runner }: MaterializeDependencies, { names, asked }: ChosenViews, window: Omit<MaterializationRequest, 'views'>, { isAsync }: MaterializeMode): Promise<Accepted | null> {
  if (names.length === 0) return isAsync ? { status: 'accepted', feature_views: names } : null;
  const { ended } = await runner.start({ ...(asked === undefined ? {} : { views: asked }), ...window }).catch((error: unknown) => {
    throw refusal(error, names, window.end);
  });
  if (!isAsync) return ended.then(() => null);
  ended.catch(() => undefined); // the workflow says in Temporal why it failed
  return { status: 'accepted', feature_views: names };
}

/** What is answered where nothing was started. */
function refusal(error: unknown, names: readonly string[], end: string): unknown {
  if (!(error instanceof PipelineError)) return error;
  if (error.code === 'CONFLICT') {
    const message = `Cannot start materialization — the following feature views are already in MATERIALIZING state: ${pythonList(names)}. Wait for it, or look at it in Temporal.`;
    return new FeastFault(409, message, { error: message, feature_views: names });
  }
  // The registry may have changed since it was last looked at.
  if (error.code === 'NOT_FOUND') return feastError(404, 'FeatureViewNotFoundException', error.message);
  const ahead = error.code === 'INVALID_INPUT' ? error.problems.find(({ path }) => path === 'end') : undefined;
  return ahead === undefined ? error : unprocessable([{ type: 'value_error', loc: ['body', 'end_ts'], msg: `It ${ahead.message}. Give an earlier instant.`, input: end }]);
}

function chosenViews({ views, onDemand, project }: Definitions, names: readonly string[] | null, version: string | null): ChosenViews {
  if (version !== null) throw exceptionText('Versions of feature views cannot be materialized apart: leave out version.');
  if (names === null) return { names: [...views.values()].filter(({ online }) => online).map(({ name }) => name), asked: undefined };
  // Feast materializes a view twice that is named twice, to the same end.
  const asked = [...new Set(names)];
  for (const name of asked) {
    if (onDemand.has(name)) throw exceptionText(`FeatureView ${name} is computed on demand, at each request: it has nothing to materialize. Leave it out.`);
    const view = views.get(name);
    if (view === undefined) throw feastError(404, 'FeatureViewNotFoundException', `Feature view ${name} does not exist in project ${project}${didYouMean(name, views.keys())}`);
    if (!view.online) throw exceptionText(`FeatureView ${name} is not configured to be served online.`);
  }
  return { names: asked, asked };
}

function instant(text: string): Micros {
  const micros = parseInstant(text);
  if (micros === undefined) throw exceptionText(`Invalid timestamp format: ${text}. Write ISO 8601, such as 2026-11-23T10:00:00Z.`);
  return micros;
}

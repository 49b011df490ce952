import { setTimeout as sleep } from 'node:timers/promises';
import { formatProblem, PipelineError } from '../domain/errors.ts';
import type { Ports } from '../ports/ports.ts';
import type { BoundPlace, BoundPlaces, ProbeResult } from '../ports/probe.ts';
import { SEARCH_ATTRIBUTE_NAMES } from '../temporal/search-attributes.ts';
import type { Services } from './services.ts';

/** What takes longer is told as late; its port may still wait. */
const PATIENCE_MS = 20_000;

/** Asks whatever the environment's settings bind, by the ports that the work itself uses; reads only, and free of charge. */
export async function boundProbes(services: Services): Promise<readonly ProbeResult[]> {
  try {
    const places = await services.places();
    const [bound, archive, temporal] = await Promise.all([services.withPorts((ports) => portProbes(ports, places)), archiveProbe(services, places), probe('Temporal', places.temporal, () => temporalAnswers(services))]);
    return [...bound, ...archive, temporal];
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return [{ name: 'bindings', ok: false, detail: firstLine(error), cure: curesOf(error) ?? 'Mend the file of the environment in config/environments.' }];
  }
}

function portProbes({ warehouse, onlineStore, featureRegistry, artifactStore, tracker }: Ports, places: BoundPlaces): Promise<readonly ProbeResult[]> {
  return Promise.all([
    probe('warehouse', places.warehouse, async () => {
      await warehouse.describeQuery({ sql: 'SELECT 1 AS one', values: [] });
      const missing = await warehouse.missingSchemas();
      return missing.length === 0 ? 'answers' : `answers; not there yet: ${missing.join(', ')} (the first load or run makes them)`;
    }),
    probe('online store', places.onlineStore, async () => {
      await onlineStore.ping();
      return 'answers';
    }),
    probe('feature registry', places.registry, async () => {
      const { length } = await featureRegistry.featureViews();
      return length === 0 ? 'answers; no feature view is applied yet' : `${length} feature view${length === 1 ? '' : 's'}`;
    }),
    probe('artifacts', places.artifacts, async () => {
      await artifactStore.check();
      return 'answers';
    }),
    probe('tracking', places.tracking, async () => {
      const { length } = await tracker.aliasedVersions();
      return `answers; ${length} model version${length === 1 ? '' : 's'} with an alias`;
    }),
  ]);
}

/** None where the settings keep log files on this machine alone. */
async function archiveProbe(services: Services, { artifacts: { cure } }: BoundPlaces): Promise<readonly ProbeResult[]> {
  const archive = await services.logArchive().catch((error: unknown) => {
    if (error instanceof PipelineError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  });
  return archive === undefined ? [] : [await probe('log archive', { where: archive.where, cure }, () => archive.check().then(() => 'answers'))];
}

/** A service that does not tell its search attributes is used without them. */
async function temporalAnswers(services: Services): Promise<string> {
  const { temporal } = await services.settings();
  return services.withTemporal(async ({ connection }) => {
    const { serverVersion } = await connection.workflowService.getSystemInfo({});
    await connection.workflowService.describeNamespace({ namespace: temporal.namespace });
    const told = await connection.operatorService.listSearchAttributes({ namespace: temporal.namespace }).catch(() => undefined);
    if (told === undefined) return `version ${serverVersion}; it does not tell its search attributes`;
    const missing = SEARCH_ATTRIBUTE_NAMES.filter((name) => !(name in (told.customAttributes ?? {})));
    if (missing.length === 0) return `version ${serverVersion}, search attributes registered`;
    throw new PipelineError('NOT_FOUND', `version ${serverVersion} answers, but its namespace lacks the search attributes ${missing.join(', ')} (docs/temporal.md)`);
  });
}

async function probe(name: string, { where, cure }: BoundPlace, ask: () => Promise<string>): Promise<ProbeResult> {
  const start = performance.now();
  const timer = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: timer.signal }).then(() => {
    throw new PipelineError('UNAVAILABLE', `no answer within ${PATIENCE_MS / 1000} s: see whether this machine reaches it (address, network, firewall)`);
  });
  const result = (ok: boolean, detail: string): ProbeResult => ({ name, ok, detail, where, milliseconds: Math.round(performance.now() - start) });
  try {
    return result(true, await Promise.race([ask(), late]));
  } catch (error) {
    return { ...result(false, firstLine(error)), cure: curesOf(error) ?? cure };
  } finally {
    timer.abort();
    late.catch(() => undefined); // it was aborted
  }
}

/** What the error's own problems say, a line each where there are several. */
function curesOf(error: unknown): string | undefined {
  const lines = error instanceof PipelineError ? error.problems.map(formatProblem) : [];
  return lines.length === 0 ? undefined : lines.length === 1 ? lines[0]!.replace(/^ +- /, '') : ['', ...lines].join('\n');
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0]!;
}

import { PipelineError, refuseProblems, type Problem } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';
import type { ScheduleDefinition } from '../../domain/schedules/definition.ts';
import { keyLifetimeProblems } from '../../domain/schedules/key-lifetime.ts';
import { toProblem } from '../../domain/validation/shape.ts';
import type { ProbeResult } from '../../ports/local-stack.ts';
import type { Ports } from '../../ports/ports.ts';
import { scheduledInputIssues } from '../../temporal/schedules.ts';
import type { ProjectSettings, Services } from '../services.ts';

type Definitions = Readonly<Record<string, ScheduleDefinition>>;

/** Refuses (INVALID_CONFIG or INVALID_INPUT) inputs that the workflows would refuse, unknown views and recipes, and schedules that let online keys end; every problem at once. */
export async function refuseWrongSchedules(services: Services, code: 'INVALID_CONFIG' | 'INVALID_INPUT', definitions: Definitions, others: Definitions = {}): Promise<void> {
  const { keyTtlSeconds } = await services.settings();
  const named = Object.entries(definitions);
  const inputs = named.flatMap(([name, definition]) => scheduledInputIssues(definition).map((issue) => toProblem({ ...issue, keys: ['schedules', name, ...issue.keys] })));
  const lifetime = keyLifetimeProblems(keyTtlSeconds, { ...others, ...definitions }, Date.now() / 1000, Object.keys(definitions));
  const names = named.some(([, { input }]) => Array.isArray(input['views']) || typeof input['recipe'] === 'string') ? await services.withPorts((ports) => nameProblems(ports, definitions)) : [];
  refuseProblems(code, 'The schedules have problems; nothing was changed.', [...inputs, ...names, ...lifetime]);
}

/** INVALID_CONFIG when a schedule that the settings declare lets keys end before it renews them. */
export async function refuseShortKeyTtl(services: Services): Promise<void> {
  refuseProblems('INVALID_CONFIG', 'The settings contradict each other; nothing was changed.', declaredLifetimeProblems(await services.settings()));
}

/** The same for `doctor`, which tells of settings that cannot be read, too. */
export async function scheduleProbe(services: Services): Promise<ProbeResult> {
  const name = 'schedules';
  try {
    const settings = await services.settings();
    const [problem] = declaredLifetimeProblems(settings);
    const count = Object.keys(settings.schedules).length;
    return problem === undefined ? { name, ok: true, detail: count === 0 ? 'none declared' : `${count} declared` } : { name, ok: false, detail: problem.message, cure: problem.cure! };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { name, ok: false, detail: error.message.split('\n')[0]!, cure: 'Run `ml-pipeline schedule apply --dry-run`: it says all that is wrong with the settings.' };
  }
}

function declaredLifetimeProblems({ keyTtlSeconds, schedules }: ProjectSettings): readonly Problem[] {
  return keyLifetimeProblems(keyTtlSeconds, schedules, Date.now() / 1000);
}

async function nameProblems({ featureRegistry, recipes }: Ports, definitions: Definitions): Promise<readonly Problem[]> {
  const inputs = Object.entries(definitions).map(([name, { input }]) => ({ path: `schedules.${name}.input`, input }));
  const views = inputs.flatMap(({ path, input }) => (Array.isArray(input['views']) ? input['views'] : []).map((view: unknown, index) => ({ path: `${path}.views[${index}]`, name: String(view) })));
  const used = inputs.flatMap(({ path, input }) => (typeof input['recipe'] === 'string' ? [{ path: `${path}.recipe`, name: input['recipe'] }] : []));
  const online = views.length === 0 ? [] : (await featureRegistry.featureViews()).filter(({ view }) => view.online !== false).map(({ view }) => view.name);
  const recipeNames = used.length === 0 ? [] : await recipes.list();
  const nothing = 'The registry is empty: apply the definitions first, with ml-pipeline features apply';
  return [
    ...views.filter(({ name }) => !online.includes(name)).map(({ path, name }) => ({ path, message: `is ${JSON.stringify(name)}, which is no online feature view of the registry`, cure: online.length === 0 ? nothing : suggestion(name, online) })),
    ...used.filter(({ name }) => !recipeNames.includes(name)).map(({ path, name }) => ({ path, message: `is ${JSON.stringify(name)}, which is no recipe`, cure: suggestion(name, recipeNames) })),
  ];
}

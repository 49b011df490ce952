import { PipelineError, refuseProblems, type Problem } from '../../domain/errors.ts';
import type { ScheduleDefinition } from '../../domain/schedules/definition.ts';
import { keyLifetimeProblems } from '../../domain/schedules/key-lifetime.ts';
import { check, toProblem, type Shape } from '../../domain/validation/shape.ts';
import type { ProbeResult } from '../../ports/probe.ts';
import { backfillFeaturesInput, materializeFeaturesInput, trainModelInput, type BackfillFeaturesInput, type MaterializeFeaturesInput } from '../../temporal/inputs.ts';
import { scheduledInputIssues } from '../../temporal/schedules.ts';
import type { ProjectSettings, Services } from '../services.ts';

type Definitions = Readonly<Record<string, ScheduleDefinition>>;

/** Refuses (INVALID_CONFIG or INVALID_INPUT) inputs that the workflows would refuse by themselves, by the registry or by their recipe, and schedules that let online keys end; the problems of all schedules at once. */
export async function refuseWrongSchedules(services: Services, code: 'INVALID_CONFIG' | 'INVALID_INPUT', definitions: Definitions, others: Definitions = {}): Promise<void> {
  const { keyTtlSeconds } = await services.settings();
  const named = Object.entries(definitions);
  const inputs = named.flatMap(([name, definition]) => scheduledInputIssues(definition).map((issue) => toProblem({ ...issue, keys: ['schedules', name, ...issue.keys] })));
  const lifetime = keyLifetimeProblems(keyTtlSeconds, { ...others, ...definitions }, Date.now() / 1000, Object.keys(definitions));
  const found: Problem[] = [];
  for (const one of named) found.push(...(await workflowProblems(services, one)));
  refuseProblems(code, 'The schedules have problems; nothing was changed.', [...inputs, ...found, ...lifetime]);
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

/** What the workflow's own check says of the sound part of an input, at the place in the schedule that it is about. Nothing is started. */
async function workflowProblems(services: Services, [name, { workflow, input }]: readonly [string, ScheduleDefinition]): Promise<readonly Problem[]> {
  const path = `schedules.${name}.input`;
  try {
    if (workflow === 'trainModel') await whenSound(trainModelInput, input, (sound) => services.checkTraining(sound));
    else if (workflow === 'materializeFeatures') await whenSound(materializeFeaturesInput, input, (sound) => services.checkMaterialization(sound));
    else await whenSound(backfillFeaturesInput, input, (sound) => services.checkMaterialization(wholeWindow(sound)));
    return [];
  } catch (error) {
    if (!(error instanceof PipelineError) || error.retryable) throw error;
    const [message = ''] = error.message.split('\n');
    if (workflow === 'trainModel') return [{ path: `${path}.recipe`, message }, ...error.problems.map((problem) => ({ ...problem, path: `${path}.recipe: ${problem.path}` }))];
    return error.problems.length === 0 ? [{ path, message }] : error.problems.map((problem) => ({ ...problem, path: `${path}.${problem.path}` }));
  }
}

/** Calls `use` with the input, without the fields that are wrong by themselves; not at all where one that is needed is among them. */
async function whenSound<T>(shape: Shape<T>, input: ScheduleDefinition['input'], use: (sound: T) => Promise<void>): Promise<void> {
  const wrong = new Set(check(shape, input).issues.map(({ keys }) => keys[0]));
  const { value, issues } = check(shape, Object.fromEntries(Object.entries(input).filter(([key]) => !wrong.has(key))));
  if (issues.length === 0) await use(value);
}

/** A backfill as one materialization of all its windows. */
function wholeWindow({ views, start, end }: BackfillFeaturesInput): MaterializeFeaturesInput {
  return { start, ...(views === undefined ? {} : { views }), ...(end === undefined ? {} : { end }) };
}

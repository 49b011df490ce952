import { refuseProblems, type Problem } from '../../../domain/errors.ts';
import { suggestion } from '../../../domain/nearest.ts';
import { SCHEDULED_WORKFLOWS, scheduleDefinition, type ScheduleDefinition } from '../../../domain/schedules/definition.ts';
import { check } from '../../../domain/validation/shape.ts';

/** The recipe's name as schedules of this project write it, whatever ending or folder is given. */
export function plainRecipe(name: string): string {
  return name.replace(/^(\.\/)?(recipes\/)?/, '').replace(/\.ya?ml$/, '');
}

/** Declared schedules by name, and others as `workflow=cron` in UTC (a training is one of the recipe); all declared ones where none is named. INVALID_INPUT with every problem. */
export function chosenSchedules(wanted: readonly string[] | undefined, declared: Readonly<Record<string, ScheduleDefinition>>, recipe: string): readonly ScheduleDefinition[] {
  const plain = (one: ScheduleDefinition): ScheduleDefinition => (typeof one.input['recipe'] === 'string' ? { ...one, input: { ...one.input, recipe: plainRecipe(one.input['recipe']) } } : one);
  if (wanted === undefined) return Object.values(declared).map(plain);
  const problems: Problem[] = [];
  const found = wanted.flatMap((text) => {
    const split = text.indexOf('=');
    const known = declared[text];
    if (known !== undefined) return [plain(known)];
    if (split < 0) {
      problems.push({ path: '--schedule', message: `is ${JSON.stringify(text)}, which is not declared in the settings.`, cure: `${suggestion(text, Object.keys(declared))} Or give workflow=cron, the workflow one of ${SCHEDULED_WORKFLOWS.join(', ')}.`.trim() });
      return [];
    }
    const workflow = text.slice(0, split);
    const { value, issues } = check(scheduleDefinition, { workflow, cron: text.slice(split + 1), ...(workflow === 'trainModel' ? { input: { recipe } } : {}) });
    problems.push(...issues.map(({ keys, message, cure }) => ({ path: `--schedule ${keys.join('.')}`, message, ...(cure === undefined ? {} : { cure }) })));
    return issues.length === 0 ? [value] : [];
  });
  refuseProblems('INVALID_INPUT', 'These schedules cannot be estimated.', problems);
  return found;
}

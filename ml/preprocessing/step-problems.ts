import type { Problem } from '../../domain/errors.ts';
import type { InputColumn } from '../../domain/model/preprocessor.ts';
import { suggestion } from '../../domain/nearest.ts';
import type { PreprocessingStep } from '../../domain/recipe/recipe.ts';

/**
 * What is wrong with the steps, given the input columns. `known`: columns that are named as inputs, wrongly or rightly; a problem of theirs is not told
 * twice.
 */
export function stepProblems(steps: readonly PreprocessingStep[], inputs: readonly InputColumn[], entityColumns: readonly string[], known: ReadonlySet<string>): readonly Problem[] {
  const problems: Problem[] = [];
  const types = new Map(inputs.map(({ name, type }) => [name, type]));
  const encoded = new Set<string>();
  steps.forEach((step, index) => {
    const list = `preprocessor.steps[${index}].${step.type === 'impute' ? 'columns' : step.type}`;
    for (const [position, name] of (step.columns === 'numeric' ? [] : step.columns).entries()) {
      const path = `${list}[${position}]`;
      const type = types.get(name);
      if (type === undefined) {
        if (!known.has(name)) problems.push({ path, message: `${name} is no input of the model.`, cure: absentCure(step, name, inputs, entityColumns) });
      } else {
        const problem = step.type === 'one_hot' ? oneHotProblem(step, name, type, encoded) : numberProblem(step, name, type, encoded, steps);
        if (problem !== undefined) problems.push({ path, ...problem });
      }
      if (step.type === 'one_hot') encoded.add(name);
    }
  });
  for (const { name, type } of inputs) {
    if (type === 'string' && !encoded.has(name)) {
      problems.push({ path: 'preprocessor.steps', message: `${name} is text, and no step makes numbers of it.`, cure: `Add { one_hot: [${name}], handle_unknown: ignore }, or leave the column out.` });
    }
  }
  return problems;
}

type Finding = Pick<Problem, 'message' | 'cure'>;

function absentCure(step: PreprocessingStep, name: string, inputs: readonly InputColumn[], entityColumns: readonly string[]): string {
  if (step.type !== 'one_hot' && entityColumns.includes(name)) return 'It is an entity column: only a one_hot step makes an input of it.';
  const names = inputs.map((input) => input.name);
  return suggestion(name, step.type === 'one_hot' ? [...new Set([...names, ...entityColumns])] : names);
}

function oneHotProblem(step: Extract<PreprocessingStep, { type: 'one_hot' }>, name: string, type: InputColumn['type'], encoded: ReadonlySet<string>): Finding | undefined {
  if (encoded.has(name)) return { message: `${name} is encoded already.`, cure: 'Name it in one one_hot step, once.' };
  if (type === 'number' && step.handle_unknown === 'error') {
    return { message: `${name} is a number, and handle_unknown: error is for text.`, cure: 'Use handle_unknown: ignore, or make it text in the spine query.' };
  }
  return undefined;
}

function numberProblem(step: PreprocessingStep, name: string, type: InputColumn['type'], encoded: ReadonlySet<string>, steps: readonly PreprocessingStep[]): Finding | undefined {
  if (type === 'string') return { message: `${name} is text, and ${step.type} works on numbers.`, cure: 'Leave it out here.' };
  if (encoded.has(name)) return { message: `${name} is one-hot encoded before this step.`, cure: `Put ${step.type} before one_hot, or leave the column out here.` };
  const isEncodedLater = steps.some((other) => other.type === 'one_hot' && other.columns.includes(name));
  if (step.type === 'standardize' && isEncodedLater) return { message: `${name} is one-hot encoded: its values are categories, not quantities.`, cure: 'Leave it out here.' };
  return undefined;
}

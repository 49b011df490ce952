import { nearest } from '../nearest.ts';
import { choice, isRecord, list, number, refuse, show, text, within, type Shape, type Spot } from '../validation/shape.ts';
import { defaulted, object, required } from '../validation/object.ts';
import type { ColumnChoice, PreprocessingStep } from './recipe.ts';

const columnNames = list(text(), { min: 1, unique: true });

const columnChoice: Shape<ColumnChoice> = (value, spot) => (value === 'numeric' ? 'numeric' : Array.isArray(value) ? columnNames(value, spot) : refuse(spot, `is ${show(value)}`, 'Write numeric or a list of columns.'));

const imputeStrategy: Shape<'median' | 'mean' | { readonly constant: number }> = (value, spot) => (isRecord(value) ? object({ constant: required(number()) })(value, spot) : choice(['median', 'mean'])(value, spot));

const impute = object({ impute: required(imputeStrategy), columns: defaulted(columnChoice, 'numeric') });
const oneHot = object({ one_hot: required(columnNames), handle_unknown: defaulted(choice(['ignore', 'error']), 'ignore') });
const standardize = object({ standardize: required(columnChoice) });

const STEPS: Readonly<Record<string, Shape<PreprocessingStep>>> = {
  impute: (value, spot) => {
    const step = impute(value, spot);
    return { type: 'impute', strategy: step.impute, columns: step.columns };
  },
  one_hot: (value, spot) => {
    const step = oneHot(value, spot);
    return { type: 'one_hot', columns: step.one_hot, handle_unknown: step.handle_unknown };
  },
  standardize: (value, spot) => ({ type: 'standardize', columns: standardize(value, spot).standardize }),
};

/** One step: a mapping whose one key among impute, one_hot, standardize says which (`{ impute: median }`). */
export const preprocessingStep: Shape<PreprocessingStep> = (value, spot) => {
  if (!isRecord(value)) return refuse(spot, `is ${show(value)}, not a step such as { impute: median }`);
  const named = Object.keys(value).filter((key) => Object.hasOwn(STEPS, key));
  const [name] = named;
  if (named.length > 1) return refuse(spot, `names ${named.join(' and ')} in one step`, 'Write one list entry per step.');
  return name === undefined ? refuseUnknownStep(value, spot) : (STEPS[name] as Shape<PreprocessingStep>)(value, spot);
};

function refuseUnknownStep(value: Readonly<Record<string, unknown>>, spot: Spot): never {
  const known = Object.keys(STEPS);
  for (const key of Object.keys(value)) {
    const near = nearest(key, known);
    spot.issues.push({ keys: within(spot, key).keys, message: 'is not a preprocessing step', cure: near === undefined ? `There is: ${known.join(', ')}.` : `Did you mean "${near}"?`, onKey: true });
  }
  return Object.keys(value).length === 0 ? refuse(spot, 'is an empty step', `There is: ${known.join(', ')}.`) : (undefined as never);
}

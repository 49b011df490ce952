import { suggestion } from '../../nearest.ts';
import type { Hyperparameter, HyperparameterValue } from '../../recipe/recipe.ts';

/** One kind of value that a hyperparameter takes. Bounds are inside unless they are called `above` and `below`. */
export type Accepted =
  | { readonly type: 'int' | 'float'; readonly low?: number; readonly above?: number; readonly high?: number; readonly below?: number }
  | { readonly type: 'values'; readonly values: readonly HyperparameterValue[] };

/** A hyperparameter by its scikit-learn (or LightGBM) name: what it takes, what it is when left out, and what becomes of it here. */
export interface HyperparameterRule {
  /** A value is good when one of these takes it. */
  readonly accepts: readonly Accepted[];
  /** The library's own default, except where `meaning` says otherwise. */
  readonly default: HyperparameterValue;
  /** `honoured`: what it does. `refused`: why only the accepted values, which change nothing, are taken. */
  readonly status: 'honoured' | 'refused';
  readonly meaning: string;
  /** Values that the library of the name takes and that cannot be honoured here -> the reason. */
  readonly refusals?: Readonly<Record<string, string>>;
}

export const int = (low: number, high?: number): Accepted => ({ type: 'int', low, ...(high === undefined ? {} : { high }) });
export const float = (bounds: Omit<Extract<Accepted, { type: 'int' | 'float' }>, 'type'>): Accepted => ({ type: 'float', ...bounds });
export const oneOf = (...values: readonly HyperparameterValue[]): Accepted => ({ type: 'values', values });

export function honoured(defaultValue: HyperparameterValue, accepts: readonly Accepted[], meaning: string, refusals: Readonly<Record<string, string>> = {}): HyperparameterRule {
  return { accepts, default: defaultValue, status: 'honoured', meaning, refusals };
}

/** Taken only with the values that stand for "not used". */
export function refused(values: readonly [HyperparameterValue, ...HyperparameterValue[]], reason: string): HyperparameterRule {
  return { accepts: [oneOf(...values)], default: values[0], status: 'refused', meaning: reason };
}

/** What is wrong with a value, range or list of choices; undefined when nothing is. The text follows the hyperparameter's path: `is 0, not ...`. */
export function faultOf(rule: HyperparameterRule, given: Hyperparameter): { readonly message: string; readonly cure?: string } | undefined {
  for (const { value, how } of edgesOf(given)) {
    if (rule.accepts.some((accepted) => takes(accepted, value))) continue;
    const reason = rule.refusals?.[String(value)];
    if (reason !== undefined) return { message: `${how} ${JSON.stringify(value)}, which cannot be honoured: ${reason}`, cure: `Use ${describeAccepted(rule)}.` };
    const message = `${how} ${JSON.stringify(value)}, ${rule.status === 'refused' ? `which cannot be honoured: ${rule.meaning}` : `not ${describeAccepted(rule)}`}`;
    const words = rule.accepts.flatMap((accepted) => (accepted.type === 'values' ? accepted.values : [])).filter((word) => typeof word === 'string');
    if (rule.status === 'refused') return { message, cure: `Leave it out, or set it to ${describeAccepted(rule)}.` };
    return typeof value === 'string' && words.length > 0 ? { message, cure: suggestion(value, words) } : { message };
  }
  if (isNumberRange(given) && !rule.accepts.some((accepted) => accepted.type === given.type || (accepted.type === 'float' && given.type === 'int'))) {
    return { message: `is a range of type ${given.type}, not ${describeAccepted(rule)}` };
  }
  return undefined;
}

/** `a whole number >= 1, or "sqrt", "log2" or null`. */
export function describeAccepted(rule: HyperparameterRule): string {
  return rule.accepts.map((accepted) => (accepted.type === 'values' ? anyOf(accepted.values) : describeNumber(accepted))).join(', or ');
}

function anyOf(values: readonly HyperparameterValue[]): string {
  const texts = values.map((value) => JSON.stringify(value));
  return texts.length < 2 ? (texts[0] ?? '') : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`;
}

function describeNumber(accepted: Extract<Accepted, { type: 'int' | 'float' }>): string {
  const bounds = ([['>=', accepted.low], ['>', accepted.above], ['<=', accepted.high], ['<', accepted.below]] as const).filter(([, bound]) => bound !== undefined).map(([sign, bound]) => `${sign} ${bound}`);
  return [accepted.type === 'int' ? 'a whole number' : 'a number', bounds.join(' and ')].filter((part) => part !== '').join(' ');
}

function takes(accepted: Accepted, value: HyperparameterValue): boolean {
  if (accepted.type === 'values') return accepted.values.includes(value);
  if (typeof value !== 'number' || !Number.isFinite(value) || (accepted.type === 'int' && !Number.isSafeInteger(value))) return false;
  return value >= (accepted.low ?? -Infinity) && value <= (accepted.high ?? Infinity) && !(accepted.above !== undefined && value <= accepted.above) && !(accepted.below !== undefined && value >= accepted.below);
}

const isNumberRange = (given: Hyperparameter): given is Extract<Hyperparameter, { type: 'int' | 'float' }> => typeof given === 'object' && given !== null && given.type !== 'categorical';

function edgesOf(given: Hyperparameter): readonly { readonly value: HyperparameterValue; readonly how: string }[] {
  if (typeof given !== 'object' || given === null) return [{ value: given, how: 'is' }];
  if (given.type === 'categorical') return given.choices.map((value) => ({ value, how: 'has the choice' }));
  return [{ value: given.low, how: 'is a range from' }, { value: given.high, how: 'is a range up to' }];
}

import { canonicalize } from '../domain/features/canonical.ts';
import type { FeatureValue, JoinKeyType, ValueType } from '../domain/features/value-types.ts';
import { PipelineError } from '../domain/errors.ts';
import type { InputColumn } from '../domain/model/preprocessor.ts';
import type { WrappedArtifact } from '../domain/model/wrapped-artifact.ts';
import { check, list, refuse, show, toProblem, type Shape } from '../domain/validation/shape.ts';
import { object, required, type RequiredField } from '../domain/validation/object.ts';

/** One row to predict: join key values (canonical) and request columns by name, canonical where an on-demand feature is computed from them; null: not known. */
export interface PredictInstance {
  readonly entities: Readonly<Record<string, FeatureValue>>;
  readonly request: Readonly<Record<string, FeatureValue>>;
}

export interface PredictRequest {
  readonly instances: readonly PredictInstance[];
}

/** More rows are a batch inference, not a request. */
export const MAX_INSTANCES = 1_000;

/** Checks the body of `POST /predict`; INVALID_INPUT with every problem by its JSON path. */
export function parsePredictRequest(shape: Shape<PredictRequest>, body: unknown): readonly PredictInstance[] {
  const { value, issues } = check(shape, body);
  if (issues.length > 0) throw new PipelineError('INVALID_INPUT', 'The request has problems; nothing was predicted.', { problems: issues.map(toProblem) });
  return value.instances;
}

/** What the model needs in the body of `POST /predict`; `onDemand`: columns that its on-demand features are computed from. */
export function requestShape({ entities, inputs }: WrappedArtifact, onDemand: readonly { readonly name: string; readonly type: ValueType }[]): Shape<PredictRequest> {
  const entityFields = Object.fromEntries(entities.map(({ joinKey, type }) => [joinKey, required(entityValue(type))]));
  const inputFields = new Map(inputs.filter(({ origin }) => origin === 'request').map(({ name, type }) => [name, requestValue(type)]));
  const onDemandFields = onDemand.map(({ name, type }) => [name, required(bothShapes(inputFields.get(name), typedValue(type)))] as const);
  const requestFields = Object.fromEntries([...[...inputFields].map(([name, shape]) => [name, required(shape)] as const), ...onDemandFields]);
  const instance = object({ entities: part(entityFields), request: part(requestFields) }) as Shape<PredictInstance>;
  const instances = list(instance, { min: 1 });
  const bounded: Shape<readonly PredictInstance[]> = (value, spot) =>
    Array.isArray(value) && value.length > MAX_INSTANCES ? refuse(spot, `has ${value.length} entries`, `At most ${MAX_INSTANCES} go into one request; send several.`) : instances(value, spot);
  return object({ instances: required(bounded) });
}

/** A model without entities or request columns takes requests without that part. */
function part<T>(fields: Readonly<Record<string, RequiredField<T>>>): RequiredField<unknown> {
  return Object.keys(fields).length === 0 ? { ...required(object(fields)), fallback: {} } : required(object(fields));
}

function entityValue(type: JoinKeyType): Shape<FeatureValue> {
  const typed = typedValue(type);
  return (value, spot) => {
    if (value === null) return refuse(spot, 'is null', 'Name an entity; one that the store does not know is answered, too.');
    const key = typed(value, spot);
    return key === null ? refuse(spot, `is ${show(value)}, which stands for no time`) : key;
  };
}

/** The canonical value; null: not known. */
function typedValue(type: ValueType): Shape<FeatureValue> {
  return (value, spot) => {
    try {
      return canonicalize(type, value);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      return refuse(spot, error.message.replace(/\.$/, ''));
    }
  };
}

/** A column that is a model's input, too, must be good for that first. */
function bothShapes(input: Shape<FeatureValue> | undefined, typed: Shape<FeatureValue>): Shape<FeatureValue> {
  if (input === undefined) return typed;
  return (value, spot) => {
    const before = spot.issues.length;
    const good = input(value, spot);
    return spot.issues.length > before ? good : typed(value, spot);
  };
}

/** null and, as in training, the empty text are missing. true and false are numbers to a model. */
function requestValue(type: InputColumn['type']): Shape<FeatureValue> {
  if (type === 'string') return (value, spot) => (value === null || typeof value === 'string' ? value : refuse(spot, `is ${show(value)}, not a text`));
  return (value, spot) => {
    if (value === Infinity || value === -Infinity) return refuse(spot, 'is beyond the largest number that there is');
    return value === null || typeof value === 'number' || typeof value === 'boolean' ? value : refuse(spot, `is ${show(value)}, not a number`);
  };
}

import { canonicalize } from '../domain/features/canonical.ts';
import type { FeatureValue } from '../domain/features/value-types.ts';
import { PipelineError } from '../domain/errors.ts';
import type { WrappedArtifact } from '../domain/model/wrapped-artifact.ts';
import { check, list, number, refuse, show, text, toProblem, type Shape } from '../domain/validation/shape.ts';
import { object, required, type RequiredField } from '../domain/validation/object.ts';

/** One row to predict: join key values (canonical) and request columns by name; null: not known. */
export interface PredictInstance {
  readonly entities: Readonly<Record<string, FeatureValue>>;
  readonly request: Readonly<Record<string, number | string | boolean | null>>;
}

/** More rows are a batch inference, not a request. */
export const MAX_INSTANCES = 1_000;

/** Checks the body of `POST /predict` against what the model needs; INVALID_INPUT with every problem by its JSON path. */
export function parsePredictRequest(artifact: WrappedArtifact, body: unknown): readonly PredictInstance[] {
  const { value, issues } = check(requestShape(artifact), body);
  if (issues.length > 0) throw new PipelineError('INVALID_INPUT', 'The request has problems; nothing was predicted.', { problems: issues.map(toProblem) });
  return value.instances;
}

const shapes = new WeakMap<WrappedArtifact, Shape<{ readonly instances: readonly PredictInstance[] }>>();

/** The shape is built once per model. */
function requestShape(artifact: WrappedArtifact): Shape<{ readonly instances: readonly PredictInstance[] }> {
  const known = shapes.get(artifact);
  if (known !== undefined) return known;
  const entities = Object.fromEntries(artifact.entities.map(({ joinKey, type }) => [joinKey, required(entityValue(type))]));
  const request = Object.fromEntries(artifact.inputs.filter(({ origin }) => origin === 'request').map(({ name, type }) => [name, required(requestValue(type))]));
  const instance = object({ entities: fieldOf(entities), request: fieldOf(request) }) as Shape<PredictInstance>;
  const instances = list(instance, { min: 1 });
  const bounded: Shape<readonly PredictInstance[]> = (value, spot) => (Array.isArray(value) && value.length > MAX_INSTANCES ? refuse(spot, `has ${value.length} entries`, `At most ${MAX_INSTANCES} go into one request.`) : instances(value, spot));
  const shape = object({ instances: required(bounded) });
  shapes.set(artifact, shape);
  return shape;
}

/** A model without entities or request columns takes requests without that part. */
function fieldOf<T>(fields: Readonly<Record<string, RequiredField<T>>>): RequiredField<unknown> {
  return Object.keys(fields).length === 0 ? { ...required(object(fields)), fallback: {} } : required(object(fields));
}

function entityValue(type: Parameters<typeof canonicalize>[0]): Shape<FeatureValue> {
  return (value, spot) => {
    if (value === null) return refuse(spot, 'is null, but an entity must be named');
    try {
      return canonicalize(type, value);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      return refuse(spot, `is ${show(value)}, not ${type === 'String' ? 'a text' : `a value of type ${type}`}`);
    }
  };
}

function requestValue(type: 'number' | 'string'): Shape<number | string | boolean | null> {
  const shape: Shape<number | string> = type === 'number' ? number() : text();
  return (value, spot) => (value === null ? null : typeof value === 'boolean' && type === 'number' ? value : shape(value, spot));
}

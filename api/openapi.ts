import { ERROR_CODES } from '../domain/errors.ts';
import { elementType, type JoinKeyType, type PrimitiveType, type ValueType } from '../domain/features/value-types.ts';
import { requestColumns as onDemandColumns } from '../domain/features/on-demand-rows.ts';
import { outputColumns } from '../domain/features/snapshot.ts';
import type { WrappedArtifact } from '../domain/model/wrapped-artifact.ts';
import { HTTP_CODES } from './errors.ts';
import { feastApi, type FeastRoutes } from './feast/openapi-paths.ts';
import { FEATURE_STATUSES } from './online-features.ts';
import { MAX_INSTANCES } from './predict-request.ts';
import type { ServedModel } from './served-model.ts';

type Schema = Readonly<Record<string, unknown>>;

/** OpenAPI 3.1 for what is served now: a model with its entities, its request columns, its classes; the routes of Feast's feature server; or both. */
export function openApi(model: ServedModel | undefined, routes: FeastRoutes): Schema {
  const features = feastApi(routes);
  if (model !== undefined) return modelApi(model, features);
  const description = `Reads ${routes === 'all' ? 'and writes ' : ''}features with the requests of Feast's feature server.`;
  return { openapi: '3.1.0', info: { title: 'Features', version: '0', description }, paths: { ...features.paths, ...plainPaths }, components: { schemas: features.schemas } };
}

function modelApi(model: ServedModel, features: ReturnType<typeof feastApi>): Schema {
  const { artifact } = model;
  const title = model.name === null ? artifact.recipe.name : `${model.name} version ${model.version}`;
  const description = `Predicts \`${artifact.target}\` (${artifact.taskType}). Recipe \`${artifact.recipe.name}\`, run \`${model.runId}\`. Features are read from the online store as of the request's arrival.`;
  return {
    openapi: '3.1.0',
    info: { title, version: model.version ?? '0', description },
    paths: { '/predict': { post: predictOperation(artifact) }, ...features.paths, ...plainPaths },
    components: { schemas: { PredictRequest: requestSchema(artifact), PredictResponse: responseSchema(artifact), Error: errorSchema, ...features.schemas } },
  };
}

function predictOperation(artifact: WrappedArtifact): Schema {
  return {
    tags: ['predictions'],
    summary: 'Predict',
    operationId: 'predict',
    requestBody: { required: true, content: json('PredictRequest', { example: exampleRequest(artifact) }) },
    responses: {
      200: { description: 'One prediction per instance, in order.', content: json('PredictResponse') },
      400: { description: 'The request has problems: all of them, by JSON path.', content: json('Error') },
      413: { description: HTTP_CODES.PAYLOAD_TOO_LARGE.meaning, content: json('Error') },
      415: { description: HTTP_CODES.UNSUPPORTED_MEDIA_TYPE.meaning, content: json('Error') },
      503: { description: 'The online store does not answer; try again.', headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds.' } }, content: json('Error') },
    },
  };
}

const json = (name: string, more: Schema = {}): Schema => ({ 'application/json': { schema: { $ref: `#/components/schemas/${name}` }, ...more } });
const plainGet = (operationId: string, summary: string, responses: Schema): Schema => ({ get: { tags: ['operation'], summary, operationId, responses } });

const plainPaths: Schema = {
  '/health/live': plainGet('live', 'The process runs', { 200: { description: 'It does.' } }),
  '/health/ready': plainGet('ready', 'Predictions can be made', { 200: { description: 'The model is loaded and the online store answers.' }, 503: { description: 'Not now; the body says why.' } }),
  '/metrics': plainGet('metrics', 'Prometheus metrics', { 200: { description: 'Text format.' } }),
};

const JSON_TYPES: Readonly<Record<JoinKeyType, Schema>> = {
  String: { type: 'string' },
  Int32: { type: ['integer', 'string'], format: 'int32' },
  Int64: { type: ['integer', 'string'], format: 'int64', description: 'As text where it is beyond 2^53.' },
  Bytes: { type: 'string', contentEncoding: 'base64' },
  UnixTimestamp: { type: ['integer', 'string'], description: 'Seconds since 1970-01-01T00:00:00Z, or ISO 8601.' },
};

/** Request columns of the model, and of its on-demand features. */
function requestColumns({ inputs, features }: WrappedArtifact): readonly { readonly name: string; readonly schema: Schema }[] {
  const wanted = features === undefined ? [] : onDemandColumns(features);
  const own = inputs.filter(({ name, origin }) => origin === 'request' && !wanted.some((column) => column.name === name));
  return [
    ...own.map(({ name, type }) => ({ name, schema: { type: type === 'number' ? ['number', 'boolean', 'null'] : ['string', 'null'], description: 'null: not known.' } })),
    ...wanted.map(({ name, type }) => ({ name, schema: { type: [...new Set([...jsonTypes(type), 'string', 'null'])], description: `${type}; as text where a number is not exact. null: not known.` } })),
  ];
}

function exactly(properties: Readonly<Record<string, Schema>>, optional: Readonly<Record<string, Schema>> = {}): Schema {
  return { type: 'object', properties: { ...properties, ...optional }, required: Object.keys(properties), additionalProperties: false };
}

function requestSchema(artifact: WrappedArtifact): Schema {
  const entities = exactly(Object.fromEntries(artifact.entities.map(({ joinKey, type }) => [joinKey, JSON_TYPES[type]])));
  const request = exactly(Object.fromEntries(requestColumns(artifact).map(({ name, schema }) => [name, schema])));
  const parts = { ...(artifact.entities.length === 0 ? {} : { entities }), ...(requestColumns(artifact).length === 0 ? {} : { request }) };
  return exactly({ instances: { type: 'array', minItems: 1, maxItems: MAX_INSTANCES, items: exactly(parts) } });
}

const KEY_EXAMPLES: Readonly<Record<JoinKeyType, string | number>> = { String: 'string', Int32: 0, Int64: 0, Bytes: '', UnixTimestamp: 0 };

/** A training row, as far as the artifact keeps one. */
export function exampleRequest(artifact: WrappedArtifact): unknown {
  const row = artifact.inputExample[0] ?? {};
  const entities = Object.fromEntries(artifact.entities.map(({ joinKey, type }) => [joinKey, row[joinKey] ?? KEY_EXAMPLES[type]]));
  const request = Object.fromEntries(requestColumns(artifact).map(({ name }) => [name, row[name] ?? null]));
  return { instances: [{ ...(artifact.entities.length === 0 ? {} : { entities }), ...(Object.keys(request).length === 0 ? {} : { request }) }] };
}

const FEATURE_TYPES: Readonly<Record<PrimitiveType, readonly string[]>> = {
  Bool: ['boolean'],
  Int32: ['integer'],
  Int64: ['integer'],
  UnixTimestamp: ['integer'],
  Float32: ['number', 'string'],
  Float64: ['number', 'string'],
  String: ['string'],
  Bytes: ['string'],
  Decimal: ['string'],
  Uuid: ['string'],
  Json: ['string'],
};

const jsonTypes = (type: ValueType): readonly string[] => (elementType(type) === undefined ? FEATURE_TYPES[type as PrimitiveType] : ['array']);

function featureSchema(type: ValueType): Schema {
  return exactly(
    { value: { type: [...jsonTypes(type), 'null'], description: 'null unless the status is PRESENT.' }, status: { type: 'string', enum: FEATURE_STATUSES } },
    { event_timestamp: { type: 'string', format: 'date-time', description: 'When it was true. Absent when the store has nothing.' }, age_seconds: { type: 'number', description: 'From then to as_of; negative when it is later.' } },
  );
}

function responseSchema(artifact: WrappedArtifact): Schema {
  const probabilities = exactly(Object.fromEntries(artifact.classes.map((label) => [label, { type: 'number', minimum: 0, maximum: 1 }])));
  const prediction: Readonly<Record<string, Schema>> = artifact.classes.length === 0 ? { prediction: { type: 'number' } } : { prediction: { type: 'string', enum: artifact.classes }, probabilities };
  const features = exactly(Object.fromEntries((artifact.features === undefined ? [] : outputColumns(artifact.features)).map(({ column, type }) => [column, featureSchema(type)])));
  const missing = { type: 'array', items: { type: 'string' }, description: 'Features that were not PRESENT: the model saw them as missing.' };
  const known = { type: ['string', 'null'] };
  return exactly({
    model: exactly({ name: known, version: known, run_id: { type: 'string' }, model_id: { type: 'string' } }),
    as_of: { type: 'string', format: 'date-time' },
    predictions: { type: 'array', items: exactly({ ...prediction, features, missing }) },
  });
}

const problem = exactly({ path: { type: 'string', description: 'JSON path of the place, such as instances[0].request.hour.' }, message: { type: 'string' } }, { cure: { type: 'string' } });
const errorSchema = exactly({
  error: exactly({ code: { type: 'string', enum: [...Object.keys(ERROR_CODES), ...Object.keys(HTTP_CODES)] }, message: { type: 'string' }, problems: { type: 'array', items: problem } }),
});

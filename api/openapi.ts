import type { JoinKeyType } from '../domain/features/value-types.ts';
import type { InputColumn } from '../domain/model/preprocessor.ts';
import type { WrappedArtifact } from '../domain/model/wrapped-artifact.ts';
import { MAX_INSTANCES } from './predict-request.ts';
import type { ServedModel } from './served-model.ts';

type Schema = Readonly<Record<string, unknown>>;

/** OpenAPI 3.1 for the model that is served now: its entities, its request columns, its classes. */
export function openApi(model: ServedModel): Schema {
  const { artifact } = model;
  const title = model.name === null ? artifact.recipe.name : `${model.name} version ${model.version}`;
  return {
    openapi: '3.1.0',
    info: { title, version: model.version ?? '0', description: `Predicts \`${artifact.target}\` (${artifact.taskType}). Recipe \`${artifact.recipe.name}\`, run \`${model.runId}\`. Features are read from the online store as of the request's arrival.` },
    paths: {
      '/predict': {
        post: {
          summary: 'Predict',
          operationId: 'predict',
          requestBody: { required: true, content: { 'application/json': { schema: requestSchema(artifact), example: exampleRequest(artifact) } } },
          responses: {
            200: { description: 'One prediction per instance, in order.', content: { 'application/json': { schema: responseSchema(artifact) } } },
            400: { description: 'The request has problems: all of them, by JSON path.', content: { 'application/json': { schema: errorSchema } } },
            503: { description: 'The online store does not answer; try again.', content: { 'application/json': { schema: errorSchema } } },
          },
        },
      },
      '/health/live': { get: { summary: 'The process runs', responses: { 200: { description: 'It does.' } } } },
      '/health/ready': { get: { summary: 'Predictions can be made', responses: { 200: { description: 'The model is loaded and the online store answers.' }, 503: { description: 'Not now; the body says why.' } } } },
      '/metrics': { get: { summary: 'Prometheus metrics', responses: { 200: { description: 'Text format.' } } } },
    },
  };
}

const JSON_TYPES: Readonly<Record<JoinKeyType, Schema>> = {
  String: { type: 'string' },
  Int32: { type: 'integer', format: 'int32' },
  Int64: { type: 'integer', format: 'int64' },
  Bytes: { type: 'string', contentEncoding: 'base64' },
  UnixTimestamp: { type: 'integer', description: 'Seconds since 1970-01-01T00:00:00Z.' },
};

const requestColumns = ({ inputs }: WrappedArtifact): readonly InputColumn[] => inputs.filter(({ origin }) => origin === 'request');

function exactly(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

function requestSchema(artifact: WrappedArtifact): Schema {
  const entities = exactly(Object.fromEntries(artifact.entities.map(({ joinKey, type }) => [joinKey, JSON_TYPES[type]])));
  const request = exactly(Object.fromEntries(requestColumns(artifact).map(({ name, type }) => [name, { type: [type, 'null'], description: 'null: not known.' }])));
  const parts = { ...(artifact.entities.length === 0 ? {} : { entities }), ...(requestColumns(artifact).length === 0 ? {} : { request }) };
  return exactly({ instances: { type: 'array', minItems: 1, maxItems: MAX_INSTANCES, items: exactly(parts) } });
}

/** A training row, as far as the artifact keeps one. */
export function exampleRequest(artifact: WrappedArtifact): unknown {
  const row = artifact.inputExample[0] ?? {};
  const entities = Object.fromEntries(artifact.entities.map(({ joinKey, type }) => [joinKey, row[joinKey] ?? (type === 'String' ? 'string' : 0)]));
  const request = Object.fromEntries(requestColumns(artifact).map(({ name }) => [name, row[name] ?? null]));
  return { instances: [{ ...(artifact.entities.length === 0 ? {} : { entities }), ...(Object.keys(request).length === 0 ? {} : { request }) }] };
}

function responseSchema(artifact: WrappedArtifact): Schema {
  const probabilities = exactly(Object.fromEntries(artifact.classes.map((label) => [label, { type: 'number', minimum: 0, maximum: 1 }])));
  const prediction = artifact.classes.length === 0 ? { prediction: { type: 'number' } } : { prediction: { type: 'string', enum: artifact.classes }, probabilities };
  const feature = {
    type: 'object',
    properties: {
      value: { description: 'null unless the status is PRESENT.' },
      status: { enum: ['PRESENT', 'NULL_VALUE', 'NOT_FOUND', 'OUTSIDE_MAX_AGE'] },
      event_timestamp: { type: 'string', format: 'date-time' },
      age_seconds: { type: 'number' },
    },
  };
  const features = { type: 'object', properties: Object.fromEntries((artifact.features?.columns ?? []).map(({ column }) => [column, feature])) };
  const missing = { type: 'array', items: { type: 'string' }, description: 'Features that were not PRESENT: the model saw them as missing.' };
  return {
    type: 'object',
    properties: {
      model: { type: 'object', properties: { name: { type: ['string', 'null'] }, version: { type: ['string', 'null'] }, run_id: { type: 'string' }, model_id: { type: 'string' } } },
      as_of: { type: 'string', format: 'date-time' },
      predictions: { type: 'array', items: { type: 'object', properties: { ...prediction, features, missing } } },
    },
  };
}

const errorSchema: Schema = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        problems: { type: 'array', items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' }, cure: { type: 'string' } } } },
      },
    },
  },
};

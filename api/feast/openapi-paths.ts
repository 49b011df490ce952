import { READ_PATHS } from './handler.ts';

type Schema = Readonly<Record<string, unknown>>;
/** Which of Feast's routes there are, as `api.feature_server` of the configuration has it. */
export type FeastRoutes = 'all' | 'read' | 'off';

const ref = (name: string): { readonly $ref: string } => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: Schema, example?: unknown): Schema => ({ 'application/json': { schema, ...(example === undefined ? {} : { example }) } });
const columns: Schema = { type: 'object', additionalProperties: { type: 'array' }, description: 'Columns by name, all of the same length.' };
const names: Schema = { type: 'array', items: { type: 'string' } };
const flag: Schema = { type: 'boolean', default: false };
const instant: Schema = { type: 'string', description: 'ISO 8601; without a zone: UTC.' };

const faults: Schema = {
  404: { description: 'A view or service that is not there.', content: json(ref('FeastError')) },
  422: { description: 'The body has problems: all of them.', content: json(ref('FeastProblems')) },
  500: { description: 'A request that cannot be answered; the text says why.', content: json(ref('FeastError')) },
  503: { description: 'A server behind this one does not answer; try again.', headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds.' } }, content: json(ref('FeastError')) },
};

function post(operationId: string, summary: string, schema: string, example: unknown, responses: Schema, parameters: readonly Schema[] = []): Schema {
  return { post: { tags: ['features'], summary, operationId, ...(parameters.length === 0 ? {} : { parameters }), requestBody: { required: true, content: json(ref(schema), example) }, responses: { ...responses, ...faults } } };
}

const asyncParameter: Schema = { name: 'async', in: 'query', schema: { type: 'boolean', default: false }, description: 'Answer 202 at once; the work goes on.' };
const materialized: Schema = { 200: { description: 'The values are in the online store.' }, 202: { description: 'Started.' }, 409: { description: 'The same views are being materialized.' } };
const written: Schema = { 200: { description: 'The rows are where they were to go.' } };
const pushed: Schema = { ...written, 202: { description: 'The rows are recorded, and reach the online store as soon as it answers and their events have happened.' }, 409: { description: 'A unique index of the table has no room for a correction; nothing was written.' }, 429: { description: 'Too many rows are waiting; nothing was written.' } };

const PATHS: Schema = {
  '/get-online-features': post('getOnlineFeatures', 'Read features', 'OnlineFeaturesRequest', { features: ['weather:temp'], entities: { origin: ['JFK'] } }, { 200: { description: 'One column per join key and feature.', content: json(ref('OnlineFeaturesResponse')) } }),
  '/push': post('push', 'Push events', 'PushRequest', { push_source_name: 'weather_push', df: { origin: ['JFK'], event_timestamp: ['2026-11-23T10:00:00Z'], temp: [53.6] }, to: 'online_and_offline' }, pushed),
  '/write-to-online-store': post('writeToOnlineStore', 'Write rows of one view to the online store', 'WriteRequest', { feature_view_name: 'weather', df: { origin: ['JFK'], event_timestamp: ['2026-11-23T10:00:00Z'], temp: [53.6] } }, written),
  '/materialize': post('materialize', 'Copy a window of values to the online store', 'MaterializeRequest', { start_ts: '2026-11-22T00:00:00Z', end_ts: '2026-11-23T00:00:00Z' }, materialized, [asyncParameter]),
  '/materialize-incremental': post('materializeIncremental', 'Copy what is new to the online store', 'MaterializeIncrementalRequest', { end_ts: '2026-11-23T00:00:00Z' }, materialized, [asyncParameter]),
  '/health': { get: { tags: ['operation'], summary: 'Features can be read', operationId: 'health', responses: { 200: { description: 'They can.' }, 503: { description: 'Not now: `detail` says which server is away, and `Retry-After` when to ask again.' } } } },
};

const SCHEMAS: Schema = {
  OnlineFeaturesRequest: {
    type: 'object',
    required: ['entities'],
    properties: {
      entities: { ...columns, description: 'Join key values by join key.' },
      features: { ...names, description: 'view:feature' },
      feature_service: { type: ['string', 'null'], description: 'In place of features; it wins where both are given.' },
      full_feature_names: { ...flag, description: 'Answer under view__feature.' },
      include_feature_view_version_metadata: flag,
    },
  },
  OnlineFeaturesResponse: {
    type: 'object',
    required: ['results', 'metadata'],
    properties: {
      results: {
        type: 'array',
        items: {
          type: 'object',
          properties: { values: { type: 'array' }, statuses: { type: 'array', items: { type: 'string', enum: ['PRESENT', 'OUTSIDE_MAX_AGE'] } }, event_timestamps: { type: 'array', items: { type: 'string', format: 'date-time' } } },
        },
      },
      metadata: { type: 'object', properties: { feature_names: names, feature_view_metadata: { type: 'array', items: { type: 'object' } } } },
    },
  },
  PushRequest: { type: 'object', required: ['push_source_name', 'df'], properties: { push_source_name: { type: 'string' }, df: columns, to: { type: 'string', enum: ['online', 'offline', 'online_and_offline'], default: 'online' } } },
  WriteRequest: { type: 'object', required: ['feature_view_name', 'df'], properties: { feature_view_name: { type: 'string' }, df: columns } },
  MaterializeRequest: { type: 'object', properties: { start_ts: instant, end_ts: instant, feature_views: names, disable_event_timestamp: { ...flag, description: 'From the beginning until now, in place of start_ts and end_ts.' } } },
  MaterializeIncrementalRequest: { type: 'object', required: ['end_ts'], properties: { end_ts: instant, feature_views: names } },
  FeastError: { type: 'string', description: 'Why; for errors of Feast\'s own, JSON text with module, class and message.' },
  FeastProblems: {
    type: 'object',
    properties: { detail: { type: 'array', items: { type: 'object', properties: { type: { type: 'string' }, loc: { type: 'array', items: { type: ['string', 'integer'] } }, msg: { type: 'string' }, input: {} } } } },
  },
};

/** OpenAPI paths of those routes of Feast's feature server that there are, and the schemas that they name. */
export function feastApi(routes: FeastRoutes): { readonly paths: Schema; readonly schemas: Schema } {
  const paths = Object.fromEntries(Object.entries(PATHS).filter(([path]) => routes === 'all' || (routes === 'read' && READ_PATHS.includes(path))));
  const said = JSON.stringify(paths);
  return { paths, schemas: Object.fromEntries(Object.entries(SCHEMAS).filter(([name]) => said.includes(JSON.stringify(ref(name).$ref)))) };
}

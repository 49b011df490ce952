import type { IncomingMessage, ServerResponse } from 'node:http';
import { PipelineError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MaterializationRunner } from '../../ports/materialization-runner.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { toJson } from '../json.ts';
import type { Observe } from '../metrics.ts';
import { isJson, pathOf, readBody, sendNothing, sendText, type PlainHandler } from '../plain-http.ts';
import type { DefinitionsHolder } from './definitions.ts';
import { exceptionText, feastError, FeastFault, unprocessable } from './faults.ts';
import { healthProblems } from './health.ts';
import { materialize, materializeIncremental, type Accepted } from './materialize.ts';
import { answerOnlineFeatures } from './online-answer.ts';
import { push, writeToOnlineStore } from './push.ts';
import type { PushQueue } from './push-queue.ts';
import { readMaterializeBody, readMaterializeIncrementalBody, readOnlineFeaturesBody, readPushBody, readWriteBody } from './requests.ts';

/** What the routes of Feast's feature server need. */
export interface FeatureServer {
  /** Whether the routes that write are refused. Left out: false. */
  readonly readOnly?: boolean;
  readonly definitions: DefinitionsHolder;
  readonly onlineStore: OnlineStore;
  readonly clock: Clock;
  readonly queue: PushQueue;
  readonly runner: MaterializationRunner;
  readonly log: Log;
}

/** JSON with its status; without it the body is empty. */
interface RouteAnswer {
  readonly status: number;
  readonly text?: string | Buffer;
}

type Route = (server: FeatureServer, body: string, query: URLSearchParams) => Promise<RouteAnswer>;

const READ_BYTES = 8 << 20;
const WRITE_BYTES = 64 << 20;
const JSON_TYPE = 'application/json';
const NO_QUERY = new URLSearchParams();
const HEALTH_RETRY_SECONDS = '5';

const accepted = (answer: Accepted | null): RouteAnswer => (answer === null ? { status: 200, text: 'null' } : { status: 202, text: toJson(answer) });
const mode = (query: URLSearchParams) => ({ isAsync: ['true', '1', 'yes', 'on'].includes((query.get('async') ?? '').toLowerCase()) });

const ROUTES: Readonly<Record<string, { readonly route: Route; readonly mostBytes: number }>> = {
  '/get-online-features': {
    mostBytes: READ_BYTES,
    route: async ({ definitions, onlineStore, clock }, body) => ({ status: 200, text: await answerOnlineFeatures(definitions.current, onlineStore, readOnlineFeaturesBody(body), clock.now()) }),
  },
  '/push': {
    mostBytes: WRITE_BYTES,
    route: async (server, body) => ({ status: (await push(server.definitions.current, server, readPushBody(body))) === 'written' ? 200 : 202 }),
  },
  '/write-to-online-store': {
    mostBytes: WRITE_BYTES,
    route: async (server, body) => {
      await writeToOnlineStore(server.definitions.current, server, readWriteBody(body));
      return { status: 200, text: 'null' };
    },
  },
  '/materialize': { mostBytes: READ_BYTES, route: async (server, body, query) => accepted(await materialize(server.definitions.current, server, readMaterializeBody(body), mode(query))) },
  '/materialize-incremental': { mostBytes: READ_BYTES, route: async (server, body, query) => accepted(await materializeIncremental(server.definitions.current, server, readMaterializeIncrementalBody(body), mode(query))) },
};

export const FEAST_PATHS = [...Object.keys(ROUTES), '/health'];
export const READ_PATHS: readonly string[] = ['/get-online-features', '/health'];
const READ_ONLY = '{"detail":"This server only reads features; api.feature_server in its configuration says so."}';

/** The routes of Feast's feature server, without a framework: they are asked more often than anything else here. */
export function createFeastHandler(server: FeatureServer, observe: Observe): PlainHandler {
  return (request, response) => {
    const path = pathOf(request);
    const found = Object.hasOwn(ROUTES, path) ? ROUTES[path]! : undefined;
    if (found === undefined && path !== '/health') return false;
    const done = observe(path);
    response.once('close', () => done(response.statusCode));
    const allowed = found === undefined ? 'GET' : 'POST';
    if (request.method !== allowed) sendText(response, 405, JSON_TYPE, '{"detail":"Method Not Allowed"}', ['Allow', allowed]);
    else if (found === undefined) void health(server, response);
    else if (server.readOnly === true && !READ_PATHS.includes(path)) sendText(response, 403, JSON_TYPE, READ_ONLY);
    else void handle(server, found, path, request, response);
    return true;
  };
}

async function handle(server: FeatureServer, { route, mostBytes }: (typeof ROUTES)[string], path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = await readBody(request, mostBytes);
    if (body === undefined) throw new FeastFault(413, 'body too large', { detail: `The body is larger than ${mostBytes >> 20} MB; send it in parts.` });
    // A page elsewhere can make a browser send plain text here, but not JSON. FastAPI, too, takes other types for a text that is no object.
    if (!isJson(request) && body !== '') throw unprocessable([{ type: 'model_attributes_type', loc: ['body'], msg: 'Input should be a valid dictionary or object to extract fields from', input: body.slice(0, 100) }]);
    const { status, text } = await route(server, body, request.url?.includes('?') === true ? new URLSearchParams(request.url.slice(request.url.indexOf('?'))) : NO_QUERY);
    if (text === undefined) sendNothing(response, status);
    else sendText(response, status, JSON_TYPE, text);
  } catch (error) {
    if (request.destroyed && !request.complete) return void response.destroy();
    sendFault(response, faultOf(error, path, server.log));
  }
}

/** 200 while the registry can be read and the online store answers. Feast's server has no body here; of an unhealthy one it says what is away. */
async function health(server: FeatureServer, response: ServerResponse): Promise<void> {
  const problems = await healthProblems(server);
  if (problems.length === 0) sendNothing(response, 200);
  else sendText(response, 503, JSON_TYPE, JSON.stringify({ detail: problems.join(' ') }), ['Retry-After', HEALTH_RETRY_SECONDS]);
}

function sendFault(response: ServerResponse, { status, body, retryAfter }: FeastFault): void {
  sendText(response, status, JSON_TYPE, toJson(body), retryAfter === undefined ? [] : ['Retry-After', String(retryAfter)]);
}

/** The answer to an error. What a caller cannot mend is logged, and told without its inside. */
function faultOf(error: unknown, path: string, log: Log): FeastFault {
  if (error instanceof FeastFault) return error;
  if (!(error instanceof PipelineError)) {
    log.error('request failed', { path, error: error instanceof Error ? error.stack : String(error) });
    return exceptionText('Internal Server Error');
  }
  log.error('request failed', { path, code: error.code, error: error.message });
  if (error.code === 'UNAVAILABLE') return feastError(503, 'FeastError', `${unavailablePart(error.message)} does not answer; the same request may work later, and repeating it does no harm.`, 1);
  return exceptionText(error.message);
}

/** Which server is away, without its address. */
function unavailablePart(message: string): string {
  return /^(PostgreSQL|BigQuery|Temporal|The log of pushes)\b/.exec(message)?.[1] ?? 'The online store';
}

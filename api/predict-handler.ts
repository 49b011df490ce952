import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { OnlineStore } from '../ports/online-store.ts';
import { errorAnswer, sendError } from './errors.ts';
import { toJson } from './json.ts';
import type { ApiMetrics, Observe } from './metrics.ts';
import type { ModelHolder } from './model-holder.ts';
import { pathOf, readBody, SAFE_HEADERS, sendText, type PlainHandler } from './plain-http.ts';
import { parsePredictRequest } from './predict-request.ts';
import { predict } from './predict.ts';

export interface PredictDependencies {
  readonly models: ModelHolder;
  readonly onlineStore: OnlineStore;
  readonly clock: Clock;
  readonly log: Log;
}

const MOST_BYTES = 1 << 20;

/** The JSON text of the answer to a parsed body of `POST /predict`. */
export async function answerPrediction({ models, onlineStore, clock }: PredictDependencies, metrics: ApiMetrics, body: unknown): Promise<string> {
  const asOf = clock.now();
  const answer = await models.with(async (model) => {
    const instances = parsePredictRequest(model.plan.request, body);
    const said = await predict(model, onlineStore, instances, asOf);
    metrics.predictions.inc({ model: model.name ?? '', version: model.version ?? '' }, instances.length);
    for (const { missing } of said.predictions) for (const feature of missing) metrics.missing.inc({ feature });
    return said;
  });
  return toJson(answer);
}

/** `POST /predict` with a plain JSON body: nearly all of them. Compressed bodies, other charsets and what is refused by its headers go on to Express. */
export function createPredictHandler(deps: PredictDependencies, metrics: ApiMetrics, observe: Observe): PlainHandler {
  return (request, response) => {
    if (request.method !== 'POST' || pathOf(request) !== '/predict' || !isPlain(request)) return false;
    const done = observe('/predict');
    response.once('close', () => done(response.statusCode));
    void handle(deps, metrics, request, response);
    return true;
  };
}

function isPlain({ headers }: IncomingMessage): boolean {
  const length = Number(headers['content-length']);
  return /^application\/json(; ?charset=utf-8)?$/i.test(headers['content-type'] ?? '') && headers['content-encoding'] === undefined && length > 0 && length <= MOST_BYTES;
}

async function handle(deps: PredictDependencies, metrics: ApiMetrics, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = parse((await readBody(request, MOST_BYTES)) ?? '');
    sendText(response, 200, 'application/json; charset=utf-8', await answerPrediction(deps, metrics, body));
  } catch (error) {
    if (request.destroyed && !request.complete) return void response.destroy();
    for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value);
    sendError(response, errorAnswer(error, '/predict', deps.log));
  }
}

/** Refused as Express's own reader of JSON refuses it. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw Object.assign(error as SyntaxError, { status: 400 });
  }
}

import type { RequestListener } from 'node:http';
import express, { type Express, type RequestHandler } from 'express';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { OnlineStore } from '../ports/online-store.ts';
import { docsRouter } from './docs-page.ts';
import { errorHandler, jsonOnly, methodNotAllowed, notFound } from './errors.ts';
import { createFeastHandler, type FeatureServer } from './feast/handler.ts';
import { toJson } from './json.ts';
import { createMetrics, type ApiMetrics, type Observe } from './metrics.ts';
import type { ModelHolder } from './model-holder.ts';
import { openApi } from './openapi.ts';
import { SAFE_HEADERS, type PlainHandler } from './plain-http.ts';
import { answerPrediction, createPredictHandler, type PredictDependencies } from './predict-handler.ts';
import type { ServedModel } from './served-model.ts';

export interface ApiDependencies {
  /** Left out: features are served, and no predictions. */
  readonly models?: ModelHolder;
  /** Left out: predictions are served, and no features. */
  readonly features?: FeatureServer;
  readonly onlineStore: OnlineStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Left out: metrics of its own. */
  readonly metrics?: ApiMetrics;
}

/**
 * The HTTP API over one model, and Feast's feature server's. Every route says what it takes and gives in `/openapi.json`. What is asked most is answered by plain handlers
 * before Express, whose router costs more than a read of features.
 */
export function createApp(deps: ApiDependencies): RequestListener {
  const metrics = deps.metrics ?? createMetrics();
  const observe = (route: string) => {
    const end = metrics.seconds.startTimer();
    return (status: number): void => void end({ route, status: String(status) });
  };
  const handlers: PlainHandler[] = [];
  if (deps.models !== undefined) handlers.push(createPredictHandler({ ...deps, models: deps.models }, metrics, observe));
  if (deps.features !== undefined) handlers.push(createFeastHandler(deps.features, observe));
  const app = createExpressApp(deps, metrics, observe);
  return (request, response) => {
    for (const handle of handlers) if (handle(request, response)) return;
    app(request, response);
  };
}

function createExpressApp(deps: ApiDependencies, metrics: ApiMetrics, observe: Observe): Express {
  const { models, features } = deps;
  const routes = features === undefined ? 'off' : features.readOnly === true ? 'read' : 'all';
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use(timed(observe), safeHeaders);
  if (models !== undefined) app.post('/predict', jsonOnly, express.json({ limit: '1mb', strict: false, type: () => true }), predictRoute({ ...deps, models }, metrics)).all('/predict', methodNotAllowed('POST'));
  const get = (path: string, handler: RequestHandler): Express => app.get(path, handler).all(path, methodNotAllowed('GET, HEAD'));
  get('/health/live', (_, response) => void response.type('application/json').end('{"status":"live"}'));
  get('/health/ready', readyRoute(deps));
  get('/openapi.json', (_, response) => void response.type('application/json').end(JSON.stringify(openApi(models?.current, routes))));
  get('/metrics', async (_, response) => void response.type(metrics.registry.contentType).end(await metrics.registry.metrics()));
  app.use('/docs', docsRouter());
  app.use(notFound);
  app.use(errorHandler(deps.log));
  return app;
}

function predictRoute(deps: PredictDependencies, metrics: ApiMetrics): RequestHandler {
  return async (request, response) => void response.type('application/json').end(await answerPrediction(deps, metrics, request.body));
}

/** `models` is absent where only features are served. */
function readyRoute({ models, onlineStore, log }: ApiDependencies): RequestHandler {
  return async (_, response) => {
    const problem = await onlineStore.ping().then(() => undefined, (error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (problem !== undefined) log.warn('not ready', { problem });
    const state = problem === undefined ? { status: 'ready' } : { status: 'not ready', problem: 'The online store does not answer.' };
    response.status(problem === undefined ? 200 : 503).type('application/json').end(toJson({ ...state, ...(models === undefined ? {} : { model: modelNames(models.current) }) }));
  };
}

function modelNames({ name, version, runId }: ServedModel): object {
  return { name, version, run_id: runId };
}

const safeHeaders: RequestHandler = (_, response, next) => {
  for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value);
  next();
};

function timed(observe: Observe): RequestHandler {
  return ({ path }, response, next) => {
    const done = observe(path === '/predict' || path.startsWith('/health/') ? path : 'other');
    response.once('close', () => done(response.statusCode));
    next();
  };
}

import express, { type Express, type RequestHandler } from 'express';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { OnlineStore } from '../ports/online-store.ts';
import { docsRouter } from './docs-page.ts';
import { errorHandler, jsonOnly, methodNotAllowed, notFound } from './errors.ts';
import { toJson } from './json.ts';
import { createMetrics, type ApiMetrics } from './metrics.ts';
import type { ModelHolder } from './model-holder.ts';
import { openApi } from './openapi.ts';
import { parsePredictRequest } from './predict-request.ts';
import { predict } from './predict.ts';

export interface ApiDependencies {
  readonly models: ModelHolder;
  readonly onlineStore: OnlineStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** The HTTP API over one model. Every route says what it takes and gives in `/openapi.json`. */
export function createApp(deps: ApiDependencies): Express {
  const metrics = createMetrics();
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use(timed(metrics), safeHeaders);
  app.post('/predict', jsonOnly, express.json({ limit: '1mb', strict: false, type: () => true }), predictRoute(deps, metrics)).all('/predict', methodNotAllowed('POST'));
  const get = (path: string, handler: RequestHandler): Express => app.get(path, handler).all(path, methodNotAllowed('GET, HEAD'));
  get('/health/live', (_, response) => void response.type('application/json').end('{"status":"live"}'));
  get('/health/ready', readyRoute(deps));
  get('/openapi.json', (_, response) => void response.type('application/json').end(JSON.stringify(openApi(deps.models.current))));
  get('/metrics', async (_, response) => void response.type(metrics.registry.contentType).end(await metrics.registry.metrics()));
  app.use('/docs', docsRouter());
  app.use(notFound);
  app.use(errorHandler(deps.log));
  return app;
}

function predictRoute({ models, onlineStore, clock }: ApiDependencies, metrics: ApiMetrics): RequestHandler {
  return async (request, response) => {
    const asOf = clock.now();
    const answer = await models.with(async (model) => {
      const instances = parsePredictRequest(model.plan.request, request.body);
      const said = await predict(model, onlineStore, instances, asOf);
      metrics.predictions.inc({ model: model.name ?? '', version: model.version ?? '' }, instances.length);
      for (const { missing } of said.predictions) for (const feature of missing) metrics.missing.inc({ feature });
      return said;
    });
    response.type('application/json').end(toJson(answer));
  };
}

function readyRoute({ models, onlineStore, log }: ApiDependencies): RequestHandler {
  return async (_, response) => {
    const { name, version, runId } = models.current;
    const problem = await onlineStore.ping().then(() => undefined, (error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (problem !== undefined) log.warn('not ready', { problem });
    const state = problem === undefined ? { status: 'ready' } : { status: 'not ready', problem: 'The online store does not answer.' };
    response.status(problem === undefined ? 200 : 503).type('application/json').end(toJson({ ...state, model: { name, version, run_id: runId } }));
  };
}

/** Answers are data, not pages: nobody is to guess another type, keep them or show them in a frame. */
const safeHeaders: RequestHandler = (_, response, next) => {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cache-Control', 'no-store');
  next();
};

function timed({ seconds }: ApiMetrics): RequestHandler {
  return (request, response, next) => {
    const end = seconds.startTimer();
    const { path } = request;
    response.once('close', () => end({ route: path === '/predict' || path.startsWith('/health/') ? path : 'other', status: String(response.statusCode) }));
    next();
  };
}

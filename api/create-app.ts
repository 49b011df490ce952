import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import express, { type Express, type RequestHandler } from 'express';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { OnlineStore } from '../ports/online-store.ts';
import { docsPage } from './docs-page.ts';
import { errorHandler, notFound } from './errors.ts';
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
  app.use(timed(metrics));
  app.post('/predict', express.json({ limit: '1mb', strict: false, type: () => true }), predictRoute(deps, metrics));
  app.get('/health/live', (_, response) => void response.type('application/json').end('{"status":"live"}'));
  app.get('/health/ready', readyRoute(deps));
  app.get('/openapi.json', (_, response) => void response.type('application/json').end(JSON.stringify(openApi(deps.models.current))));
  app.get('/metrics', (_, response, next) => {
    metrics.registry.metrics().then((text) => response.type(metrics.registry.contentType).end(text), next);
  });
  app.get('/docs', (_, response) => void response.type('html').end(docsPage));
  app.use('/docs', express.static(dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')), { index: false }));
  app.use(notFound);
  app.use(errorHandler(deps.log));
  return app;
}

function predictRoute({ models, onlineStore, clock }: ApiDependencies, metrics: ApiMetrics): RequestHandler {
  return async (request, response) => {
    const asOf = clock.now();
    const answer = await models.with(async (model) => {
      const instances = parsePredictRequest(model.artifact, request.body);
      const said = await predict(model, onlineStore, instances, asOf);
      metrics.predictions.inc({ model: model.name ?? '', version: model.version ?? '' }, instances.length);
      for (const { missing } of said.predictions) for (const feature of missing) metrics.missing.inc({ feature });
      return said;
    });
    response.type('application/json').end(toJson(answer));
  };
}

function readyRoute({ models, onlineStore }: ApiDependencies): RequestHandler {
  return async (_, response) => {
    const model = { name: models.current.name, version: models.current.version, run_id: models.current.runId };
    const problem = await onlineStore.ping().then(() => undefined, (error: unknown) => (error instanceof Error ? error.message : String(error)));
    response.status(problem === undefined ? 200 : 503).type('application/json').end(toJson({ status: problem === undefined ? 'ready' : 'not ready', model, ...(problem === undefined ? {} : { problem }) }));
  };
}

function timed({ seconds }: ApiMetrics): RequestHandler {
  return (request, response, next) => {
    const end = seconds.startTimer();
    response.once('close', () => end({ route: request.path === '/predict' || request.path.startsWith('/health') ? request.path : 'other', status: String(response.statusCode) }));
    next();
  };
}

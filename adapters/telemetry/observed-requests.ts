import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Log } from '../../ports/log.ts';
import { requestTrace, runWithin, type WorkScope } from './trace-context.ts';
import type { Spans } from './spans.ts';

export interface ObserveOptions {
  readonly log: Log;
  /** Paths by which spans are named; others are one name. */
  readonly paths: ReadonlySet<string>;
  readonly spans?: Spans;
}

const LEGAL_ID = /^[\w.:-]{1,128}$/;

/**
 * One log line for each request when its answer is out, and a span where spans are made. The request's id is that of its `X-Request-Id`, or a new one, and goes out with the answer.
 * Neither queries nor bodies are kept.
 */
export function observeRequests(listener: RequestListener, { log, paths, spans }: ObserveOptions): RequestListener {
  return (request, response) => {
    const began = performance.now();
    const requestId = requestIdOf(request);
    response.setHeader('X-Request-Id', requestId);
    const method = request.method ?? '';
    const path = (request.url ?? '/').split('?')[0]!;
    const remote = requestTrace(request.headers);
    const opened = spans?.open(`${method} ${paths.has(path) ? path : 'other'}`, { kind: 'server', ...(remote === undefined ? {} : { parent: remote }), attributes: { 'http.request.method': method, 'url.path': path } });
    const scope: WorkScope = { requestId, ...(opened?.scope ?? (remote === undefined ? {} : { place: remote })) };
    response.once('close', () =>
      runWithin(scope, () => {
        const { statusCode: status } = response;
        opened?.end({ isFailed: status >= 500, attributes: { 'http.response.status_code': status } });
        say(log, request, response, { method, path, seconds: (performance.now() - began) / 1000 });
      }),
    );
    runWithin(scope, () => void listener(request, response));
  };
}

/** Fields that begin with `http_`: a log for Cloud Logging makes its `httpRequest` of them. */
function say(log: Log, { httpVersion }: IncomingMessage, response: ServerResponse, { method, path, seconds }: { readonly method: string; readonly path: string; readonly seconds: number }): void {
  const { statusCode: status, writableFinished: isWhole } = response;
  const fields = { http_method: method, http_path: path, http_status: status, http_seconds: seconds, http_protocol: `HTTP/${httpVersion}`, ...(isWhole ? {} : { cut_off: true }) };
  const event = `${method} ${path} ${status}`;
  if (status >= 500) log.error(event, fields);
  else log.info(event, fields);
}

function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && LEGAL_ID.test(given) ? given : randomUUID();
}

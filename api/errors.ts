import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { PipelineError, type ErrorCode, type Problem } from '../domain/errors.ts';
import type { Log } from '../ports/log.ts';
import { toJson } from './json.ts';

const STATUS: Partial<Record<ErrorCode, number>> = { INVALID_INPUT: 400, NOT_FOUND: 404, CONFLICT: 409, UNSUPPORTED: 422, UNAVAILABLE: 503 };

/** `{"error": {"code", "message", "problems"}}` */
export function sendError(response: Response, status: number, code: string, message: string, problems: readonly Problem[] = []): void {
  if (status === 503) response.setHeader('Retry-After', '1');
  response.status(status).type('application/json').end(toJson({ error: { code, message, problems } }));
}

export const notFound: RequestHandler = (request, response) => sendError(response, 404, 'NOT_FOUND', `There is no ${request.method} ${request.path}. GET /docs lists what there is.`);

/** Every error of a handler ends here. What a caller cannot mend is logged and told without its inside. */
export function errorHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof PipelineError) {
      const status = STATUS[error.code] ?? 500;
      if (status >= 500) log.error('request failed', { path: request.path, code: error.code, error: error.message });
      return sendError(response, status, error.code, error.message.split('\n')[0] ?? error.code, error.problems);
    }
    const fault = bodyFault(error);
    if (fault !== undefined) return sendError(response, fault.status, 'INVALID_INPUT', fault.message);
    log.error('request failed', { path: request.path, error: error instanceof Error ? error.stack : String(error) });
    sendError(response, 500, 'INTERNAL', 'The server failed; its log says why.');
  };
}

/** What express.json refuses: not JSON, too large, an unknown encoding. */
function bodyFault(error: unknown): { readonly status: number; readonly message: string } | undefined {
  const { type, status, message } = (error ?? {}) as { readonly type?: string; readonly status?: number; readonly message?: string };
  if (type === undefined || status === undefined || status >= 500) return undefined;
  if (type === 'entity.parse.failed') return { status: 400, message: `The body is not JSON: ${message ?? 'it cannot be parsed'}.` };
  if (type === 'entity.too.large') return { status: 413, message: 'The body is larger than 1 MB.' };
  return { status, message: message ?? type };
}

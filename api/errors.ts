import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { ERROR_CODES, PipelineError, type ErrorCode, type Problem } from '../domain/errors.ts';
import type { Log } from '../ports/log.ts';
import { toJson } from './json.ts';

/** The status of an answer by the code of our own errors; the others are 500. */
export const STATUS_OF_CODE: Partial<Record<ErrorCode, number>> = { INVALID_INPUT: 400, NOT_FOUND: 404, CONFLICT: 409, UNSUPPORTED: 422, UNAVAILABLE: 503 };

/** Codes that only HTTP knows, beside those of `domain/errors.ts`. */
export const HTTP_CODES = {
  BAD_REQUEST: { status: 400, meaning: 'The request is not HTTP as this server understands it: not JSON, a broken path, a cut body.' },
  METHOD_NOT_ALLOWED: { status: 405, meaning: 'The path is there, but not with this method; the header `Allow` names the right one.' },
  PAYLOAD_TOO_LARGE: { status: 413, meaning: 'The body is larger than 1 MB.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, meaning: 'The body is not `application/json`, or has a charset or an encoding that is not known.' },
  INTERNAL: { status: 500, meaning: 'The server failed; its log says why.' },
} as const;

/** `{"error": {"code", "message", "problems"}}` */
export function sendError(response: Response, status: number, code: ErrorCode | keyof typeof HTTP_CODES, message: string, problems: readonly Problem[] = []): void {
  if (status === 503) response.setHeader('Retry-After', '1');
  response.status(status).type('application/json').end(toJson({ error: { code, message, problems } }));
}

export const notFound: RequestHandler = (request, response) => sendError(response, 404, 'NOT_FOUND', `There is no ${request.path}. GET /docs lists what there is.`);

export function methodNotAllowed(allowed: string): RequestHandler {
  return (request, response) => {
    response.setHeader('Allow', allowed);
    sendError(response, 405, 'METHOD_NOT_ALLOWED', `${request.path} is not there for ${request.method}, but for ${allowed}.`);
  };
}

/** A page elsewhere can make a browser send a form or plain text here, but not JSON: only that is taken. */
export const jsonOnly: RequestHandler = (request, response, next) => {
  if (request.is(['application/json', 'application/*+json']) !== false) return next();
  sendError(response, 415, 'UNSUPPORTED_MEDIA_TYPE', `The body is ${request.headers['content-type'] ?? 'of no type'}. Send JSON with the header content-type: application/json.`);
};

/** Every error of a handler ends here. What a caller cannot mend is logged, and told without its inside. */
export function errorHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof PipelineError) {
      const status = STATUS_OF_CODE[error.code] ?? 500;
      if (status < 500) return sendError(response, status, error.code, error.message.split('\n')[0] ?? error.code, error.problems);
      log.error('request failed', { path: request.path, code: error.code, error: error.message });
      return sendError(response, status, error.code, status === 503 ? 'The online store does not answer; the same request may work later.' : ERROR_CODES[error.code].meaning);
    }
    const fault = requestFault(error);
    if (fault !== undefined) return sendError(response, HTTP_CODES[fault.code].status, fault.code, fault.message);
    log.error('request failed', { path: request.path, error: error instanceof Error ? error.stack : String(error) });
    sendError(response, 500, 'INTERNAL', HTTP_CODES.INTERNAL.meaning);
  };
}

/** What express refuses by itself: not JSON, too large, an unknown encoding, a path that cannot be decoded. */
function requestFault(error: unknown): { readonly code: keyof typeof HTTP_CODES; readonly message: string } | undefined {
  const { status, message = '' } = (error ?? {}) as { readonly status?: number; readonly message?: string };
  if (status === 413) return { code: 'PAYLOAD_TOO_LARGE', message: HTTP_CODES.PAYLOAD_TOO_LARGE.meaning };
  if (status === 415) return { code: 'UNSUPPORTED_MEDIA_TYPE', message: `The body cannot be read: ${message}.` };
  return status !== undefined && status >= 400 && status < 500 ? { code: 'BAD_REQUEST', message: `The request cannot be read: ${message}.` } : undefined;
}

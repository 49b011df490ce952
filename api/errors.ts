import type { ServerResponse } from 'node:http';
import type { ErrorRequestHandler, RequestHandler } from 'express';
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

/** What an error is to the caller. */
export interface ErrorAnswer {
  readonly status: number;
  readonly code: ErrorCode | keyof typeof HTTP_CODES;
  readonly message: string;
  readonly problems?: readonly Problem[];
}

/** `{"error": {"code", "message", "problems"}}` */
export function sendError(response: ServerResponse, { status, code, message, problems = [] }: ErrorAnswer): void {
  if (status === 503) response.setHeader('Retry-After', '1');
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(toJson({ error: { code, message, problems } }));
}

export const notFound: RequestHandler = (request, response) => sendError(response, { status: 404, code: 'NOT_FOUND', message: `There is no ${request.path}. GET /docs lists what there is.` });

export function methodNotAllowed(allowed: string): RequestHandler {
  return (request, response) => {
    response.setHeader('Allow', allowed);
    sendError(response, { status: 405, code: 'METHOD_NOT_ALLOWED', message: `${request.path} is not there for ${request.method}, but for ${allowed}.` });
  };
}

/** A page elsewhere can make a browser send a form or plain text here, but not JSON: only that is taken. */
export const jsonOnly: RequestHandler = (request, response, next) => {
  if (request.is(['application/json', 'application/*+json']) !== false) return next();
  sendError(response, { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', message: `The body is ${request.headers['content-type'] ?? 'of no type'}. Send JSON with the header content-type: application/json.` });
};

/** Every error of a handler ends here. */
export function errorHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    sendError(response, errorAnswer(error, request.path, log));
  };
}

/** What a caller cannot mend is logged, and told without its inside. */
export function errorAnswer(error: unknown, path: string, log: Log): ErrorAnswer {
  if (error instanceof PipelineError) {
    const { code, problems } = error;
    const status = STATUS_OF_CODE[code] ?? 500;
    if (status < 500) return { status, code, message: error.message.split('\n')[0] ?? code, problems };
    log.error('request failed', { path, code, error: error.message });
    return { status, code, message: status === 503 ? 'The online store does not answer; the same request may work later.' : ERROR_CODES[code].meaning };
  }
  const fault = requestFault(error);
  if (fault !== undefined) return { status: HTTP_CODES[fault.code].status, code: fault.code, message: fault.message };
  log.error('request failed', { path, error: error instanceof Error ? error.stack : String(error) });
  return { status: 500, code: 'INTERNAL', message: HTTP_CODES.INTERNAL.meaning };
}

/** What express refuses by itself: not JSON, too large, an unknown encoding, a path that cannot be decoded. */
function requestFault(error: unknown): { readonly code: keyof typeof HTTP_CODES; readonly message: string } | undefined {
  const { status, message = '' } = (error ?? {}) as { readonly status?: number; readonly message?: string };
  if (status === 413) return { code: 'PAYLOAD_TOO_LARGE', message: HTTP_CODES.PAYLOAD_TOO_LARGE.meaning };
  if (status === 415) return { code: 'UNSUPPORTED_MEDIA_TYPE', message: `The body cannot be read: ${message}.` };
  return status !== undefined && status >= 400 && status < 500 ? { code: 'BAD_REQUEST', message: `The request cannot be read: ${message}.` } : undefined;
}

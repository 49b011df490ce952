import type { IncomingMessage, ServerResponse } from 'node:http';

/** Handles a request and says so, or leaves it untouched for the next one. */
export type PlainHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Answers are data, not pages: nobody is to guess another type, keep them or show them in a frame. */
export const SAFE_HEADERS = { 'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' } as const;

const SAFE_HEADER_LIST = Object.entries(SAFE_HEADERS).flat();
const NO_BYTES = Buffer.alloc(0);
const SMALL_BYTES = 16 << 10;

/** The path without its query. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

export function isJson({ headers }: IncomingMessage): boolean {
  const type = headers['content-type'];
  return type !== undefined && (type === 'application/json' || /^\s*application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i.test(type));
}

/** The whole body as text; undefined when it has more bytes than `most` (the rest is read and dropped, so that the answer arrives). Rejects when the client goes away. */
export function readBody(request: IncomingMessage, most: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let chunks: Buffer[] | undefined;
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > most) [first, chunks] = [undefined, []];
      else if (first === undefined) first = chunk;
      else (chunks ??= [first]).push(chunk);
    });
    request.on('end', () => resolve(size > most ? undefined : (chunks === undefined ? (first ?? NO_BYTES) : Buffer.concat(chunks)).toString('utf8')));
    request.on('error', reject);
    request.on('aborted', () => reject(new Error('the client went away')));
  });
}

/** A text, or its UTF-8. `more`: further headers, name and value in turn. */
export function sendText(response: ServerResponse, status: number, type: string, text: string | Buffer, more: readonly string[] = []): void {
  response.writeHead(status, ['Content-Type', type, 'Content-Length', String(Buffer.byteLength(text)), ...SAFE_HEADER_LIST, ...more]);
  // A string leaves with its head in one piece: for few bytes that is cheaper than two pieces. Latin-1 is a letter for each byte, back and forth.
  if (typeof text === 'string' || text.length > SMALL_BYTES) response.end(text);
  else response.end(text.toString('latin1'), 'latin1');
}

export function sendNothing(response: ServerResponse, status: number): void {
  response.writeHead(status, ['Content-Length', '0', ...SAFE_HEADER_LIST]);
  response.end();
}

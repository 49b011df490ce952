import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createStorageClient } from '../../../adapters/gcs/client.ts';

/** One request as it came. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly bytes?: Buffer;
  /** Ends the connection in place of an answer, or after this many bytes of it. */
  readonly breakOffAfter?: number;
}

/** Answers in place of Cloud Storage's JSON API, and keeps what it was asked. */
export interface RecordingServer {
  readonly asked: Asked[];
  readonly url: string;
  readonly client: ReturnType<typeof createStorageClient>;
  stop(): Promise<void>;
}

/** `answer` is called when a request has come whole. */
export async function startRecordingServer(answer: (asked: Asked, index: number) => Answer): Promise<RecordingServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
      const one = { method: request.method ?? '', path: decodeURIComponent(pathname), query: searchParams, headers: request.headers, body: Buffer.concat(parts) };
      asked.push(one);
      send(response, answer(one, asked.length - 1));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    url,
    client: createStorageClient({ project: 'p', apiEndpoint: url, longestPauseSeconds: 1 }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response: ServerResponse, { status = 200, headers = {}, json, bytes = json === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(json)), breakOffAfter }: Answer): void {
  if (breakOffAfter === 0) {
    response.socket?.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': json === undefined ? 'application/octet-stream' : 'application/json', 'content-length': String(bytes.length), ...headers });
  if (breakOffAfter === undefined) response.end(bytes);
  else response.write(bytes.subarray(0, breakOffAfter), () => setTimeout(() => response.socket?.destroy(), 20));
}

/** An object with these bytes, as its metadata: cloud.google.com/storage/docs/json_api/v1/objects */
export function objectOf(bytes: Buffer, generation = '7'): object {
  return { kind: 'storage#object', name: 'x', bucket: 'b', generation, size: String(bytes.length), md5Hash: createHash('md5').update(bytes).digest('base64'), crc32c: 'AAAAAA==', updated: '2026-11-01T00:00:00.000Z' };
}

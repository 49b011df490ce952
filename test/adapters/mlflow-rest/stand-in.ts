import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly bytes: number;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text, bytes, or anything else as JSON. */
  readonly body?: unknown;
  /** Close the connection without an answer, or after a part of the body. */
  readonly breakOff?: 'before' | 'within';
}

/** An HTTP server that writes down what it was asked, and answers as the test says. Of large bodies only the beginning is kept. */
export async function startStandIn(answer: (asked: Asked, index: number) => Answer | Promise<Answer>): Promise<{ readonly uri: string; readonly asked: Asked[]; stop(): Promise<void> }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const kept: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of request as AsyncIterable<Buffer>) {
        if (bytes < 100_000) kept.push(chunk);
        bytes += chunk.length;
      }
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, text: Buffer.concat(kept).toString('utf8'), bytes };
      asked.push(one);
      const { status = 200, headers = {}, body = {}, breakOff } = await answer(one, asked.length - 1);
      if (breakOff === 'before') return request.socket.destroy();
      const sent = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
      response.writeHead(status, headers);
      if (breakOff === undefined) return response.end(sent);
      response.write(sent, () => request.socket.destroy());
    })().catch(() => request.socket.destroy()); // the caller broke off
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

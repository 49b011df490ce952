import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Stands before a server and passes everything on. The answer to the first call of each kind (method and path without ids) is lost: the server has done what it was asked, and the caller
 * does not get to know.
 */
export async function startLosingProxy(target: string): Promise<{ readonly uri: string; readonly lost: string[]; stop(): Promise<void> }> {
  const lost: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const method = request.method ?? 'GET';
      const answer = await fetch(`${target}${request.url}`, { method, headers: { 'content-type': request.headers['content-type'] ?? '' }, ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }) });
      const body = Buffer.from(await answer.arrayBuffer());
      const kind = `${method} ${(request.url ?? '').split('?')[0]?.replace(/[mM]-[0-9a-f]{32}|[0-9a-f]{32}/g, ':id')}`;
      if (!lost.includes(kind)) {
        lost.push(kind);
        return request.socket.destroy();
      }
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(body);
    })().catch(() => request.socket.destroy()); // the caller or the server is gone
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lost,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

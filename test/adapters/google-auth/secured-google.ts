import { once } from 'node:events';
import { createServer } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import type { SelfSigned } from '../../support/self-signed.ts';

export interface SecuredGoogle {
  /** host:port, of REST and of gRPC alike, over TLS. */
  readonly address: string;
  /** host:port of the metadata server, from which the processes of Cloud Run have their tokens; plain, as there. */
  readonly metadata: string;
  /** How often a token was asked for. */
  readonly logins: () => number;
  /** `authorization` of each call by its path. */
  readonly calls: ReadonlyMap<string, string | undefined>;
  close(): Promise<void>;
}

const NOT_FOUND = 5;
const FLAVOR = { 'metadata-flavor': 'Google' };

/**
 * Google's front door as its clients on Cloud Run see it: access tokens of the service's account (docs.cloud.google.com/compute/docs/metadata/predefined-metadata-keys), REST and gRPC.
 * Every call is answered with NOT_FOUND: what counts is what it brought along.
 */
export async function startSecuredGoogle({ certificate, privateKey }: SelfSigned, token: string): Promise<SecuredGoogle> {
  let logins = 0;
  const calls = new Map<string, string | undefined>();
  const metadata = createServer(({ url = '', headers }, response) => {
    if (headers['metadata-flavor'] !== 'Google' || !url.startsWith('/computeMetadata/v1/instance')) return response.writeHead(404, FLAVOR).end();
    const isToken = url.includes('/service-accounts/default/token');
    if (isToken) logins += 1;
    return response.writeHead(200, { ...FLAVOR, 'content-type': 'application/json' }).end(isToken ? JSON.stringify({ access_token: token, expires_in: 3600, token_type: 'Bearer' }) : '{}');
  });
  const api = createSecureServer({ cert: certificate, key: privateKey, allowHTTP1: true }, (request, response) => {
    calls.set(request.url.split('?')[0]!, request.headers.authorization);
    refuse(request, response);
  });
  const [metadataPort, port] = [await listen(metadata), await listen(api)];
  return { address: `127.0.0.1:${port}`, metadata: `127.0.0.1:${metadataPort}`, logins: () => logins, calls, close: async () => void (await Promise.all([stop(metadata), stop(api)])) };
}

function refuse(request: Http2ServerRequest, response: Http2ServerResponse): void {
  request.resume();
  if (request.headers['content-type'] === 'application/grpc') {
    return response.stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(NOT_FOUND), 'grpc-message': 'Not found' }, { endStream: true });
  }
  response.writeHead(404, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { code: 404, message: 'Not found', errors: [{ reason: 'notFound', message: 'Not found' }] } }));
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The clients have ended. */
function stop(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

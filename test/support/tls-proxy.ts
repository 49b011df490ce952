import { once } from 'node:events';
import { connect, createSecureServer, type ClientHttp2Session, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import type { SelfSigned } from './self-signed.ts';

export interface TlsProxy {
  /** host:port */
  readonly address: string;
  /** What calls had as `authorization`, each value once. */
  readonly authorizations: ReadonlySet<string>;
  close(): Promise<void>;
}

/** Stands before a gRPC server and speaks TLS with clients; `clientAuthority` (PEM): only clients with its certificate may come in. */
export async function startTlsProxy(target: string, server: SelfSigned, options: { readonly clientAuthority?: string } = {}): Promise<TlsProxy> {
  const authorizations = new Set<string>();
  const upstreams = new Set<ClientHttp2Session>();
  const proxy = createSecureServer({ cert: server.certificate, key: server.privateKey, ...(options.clientAuthority === undefined ? {} : { ca: options.clientAuthority, requestCert: true, rejectUnauthorized: true }) });
  const sessions = new Set<{ destroy(): void }>();
  proxy.on('session', (session) => {
    const upstream = connect(`http://${target}`);
    upstream.on('error', () => session.destroy());
    session.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstreams.add(upstream);
    sessions.add(session);
    session.on('stream', (stream: ServerHttp2Stream, headers) => {
      if (headers.authorization !== undefined) authorizations.add(headers.authorization);
      forward(stream, upstream, headers);
    });
  });
  const { port } = await listen(proxy);
  return {
    address: `127.0.0.1:${port}`,
    authorizations,
    close: async () => {
      for (const session of [...sessions, ...upstreams]) session.destroy();
      await new Promise<void>((resolve) => proxy.close(() => resolve()));
    },
  };
}

function forward(stream: ServerHttp2Stream, upstream: ClientHttp2Session, { ':scheme': _, ':authority': __, ...headers }: Readonly<Record<string, string | string[] | undefined>>): void {
  const call = upstream.request(headers);
  let trailers = {};
  call.on('response', (answer, flags) => stream.respond(answer, { waitForTrailers: true, endStream: (flags & 1) === 1 }));
  call.on('trailers', (received) => (trailers = received));
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  call.on('error', () => stream.close());
  stream.on('error', () => call.close()).on('close', () => call.close());
  stream.pipe(call);
  call.pipe(stream);
}

async function listen(server: Http2SecureServer): Promise<{ readonly port: number }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address() as { readonly port: number };
}

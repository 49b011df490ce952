import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { PipelineError } from '../../domain/errors.ts';
import type { TemporalConnection } from '../../temporal/connection.ts';

const PROBE_MS = 2_000;

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?):\d+$/;

/** UNAVAILABLE, with what may be the reason and what to do. */
export async function temporalAway(place: TemporalConnection, cause: unknown): Promise<PipelineError> {
  const cure = LOOPBACK.test(place.address) ? 'Start it with `ml-pipeline stack up`, or see' : 'See whether this machine reaches it, and';
  return new PipelineError('UNAVAILABLE', `Temporal does not answer at ${place.address}.${await whyAway(place)} ${cure} temporal.address in config/environments.`, { cause });
}

/**
 * What may keep a client from Temporal, for the message that it does not answer; empty where nothing is known. A client's own error says only that it took too long, so this
 * makes one TLS handshake and says what that says.
 */
export async function whyAway({ address, tls, apiKey }: TemporalConnection): Promise<string> {
  const [host, port] = [address.slice(0, address.lastIndexOf(':')), Number(address.slice(address.lastIndexOf(':') + 1))];
  if (tls === undefined) {
    const spoken = await handshake({ host, port, rejectUnauthorized: false });
    return spoken === undefined || /certificate/i.test(spoken) ? ' It speaks TLS: set temporal.tls.' : '';
  }
  const { serverRootCACertificate: ca, clientCertPair: pair, serverNameOverride: servername } = tls === true ? {} : tls;
  const said = await handshake({ host, port, ...(ca === undefined ? {} : { ca: Buffer.from(ca) }), ...(pair === undefined ? {} : { cert: Buffer.from(pair.crt), key: Buffer.from(pair.key) }), ...(servername === undefined ? {} : { servername }) });
  if (said === undefined) return apiKey === undefined ? '' : ' TLS is well: look whether the API key is valid and for this namespace.';
  if (/wrong version number|packet length too long/i.test(said)) return ' It does not speak TLS: take temporal.tls and temporal.api_key out.';
  if (/ECONNREFUSED|ENOTFOUND|no answer/.test(said)) return '';
  if (/certificate required|handshake failure|bad certificate|connection closed/i.test(said)) return ` It refused this client's certificate (${said}): see temporal.tls.cert_file and key_file.`;
  return ` Its certificate was not accepted: ${said}. See temporal.tls.ca_file and server_name.`;
}

/** undefined when it went well, else what was said. TLS 1.3 tells a client of a refused certificate only after the handshake. */
function handshake(options: ConnectionOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect({ ...options, ALPNProtocols: ['h2'] });
    const end = (said: string | undefined): void => {
      clearTimeout(late);
      socket.destroy();
      resolve(said);
    };
    const late = setTimeout(() => end(socket.authorized || options.rejectUnauthorized === false && socket.getProtocol() !== null ? undefined : 'no answer'), PROBE_MS);
    let isSecure = false;
    socket.once('secureConnect', () => (isSecure = true));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED' ? error.code : isSecure && error.code === 'ECONNRESET' ? 'connection closed' : error.message));
    socket.once('data', () => end(undefined)); // the settings of HTTP/2
    socket.once('close', () => end(isSecure ? 'connection closed' : 'no answer'));
  });
}

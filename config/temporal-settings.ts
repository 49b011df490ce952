import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { refuseProblems, type Problem } from '../domain/errors.ts';
import { object, optional, required, type ObjectOf } from '../domain/validation/object.ts';
import { boolean, isRecord, text, type Shape } from '../domain/validation/shape.ts';
import type { TemporalConnection, TemporalTls } from '../temporal/connection.ts';

const files = { ca_file: optional(text()), cert_file: optional(text()), key_file: optional(text()), server_name: optional(text()) };
type Tls = boolean | ObjectOf<typeof files>;
const tls: Shape<Tls> = (value, spot) => (isRecord(value) ? object(files)(value, spot) : boolean()(value, spot));

const fields = {
  address: required(text({ pattern: /^[^\s:]+:\d+$/, means: 'host:port' })),
  namespace: required(text()),
  task_queue: required(text()),
  ui: required(text()),
  /** true, or files of certificates (PEM); an API key always goes over TLS. docs/temporal.md */
  tls: optional(tls),
  api_key: optional(text()),
};

export type TemporalSettings = ObjectOf<typeof fields>;
export const temporal: Shape<TemporalSettings> = object(fields);

/** Reads the certificates, relative to the project's folder. INVALID_CONFIG with every problem: a file that is not there, no PEM, out of date, or a key of another certificate. */
export async function temporalConnection(projectFolder: string, { address, tls: wanted, api_key: apiKey }: TemporalSettings): Promise<TemporalConnection> {
  const problems: Problem[] = [];
  if (wanted === false && apiKey !== undefined) problems.push({ path: 'temporal.tls', message: 'is false, and an API key is never sent without TLS.', cure: 'Take tls: false or the API key out.' });
  const read = isRecord(wanted) ? await readTls(projectFolder, wanted as ObjectOf<typeof files>, problems) : undefined;
  refuseProblems('INVALID_CONFIG', `The connection to Temporal at ${address} cannot be made.`, problems);
  const encrypted = read ?? (wanted === true || apiKey !== undefined ? true : undefined);
  return { address, ...(encrypted === undefined ? {} : { tls: encrypted }), ...(apiKey === undefined ? {} : { apiKey }) };
}

async function readTls(folder: string, { ca_file: ca, cert_file: cert, key_file: key, server_name: serverName }: ObjectOf<typeof files>, problems: Problem[]): Promise<TemporalTls> {
  const read = async (name: string, path: string | undefined): Promise<Buffer | undefined> => {
    if (path === undefined) return undefined;
    return readFile(resolve(folder, path)).catch((error: NodeJS.ErrnoException) => {
      problems.push({ path: `temporal.tls.${name}`, message: `is ${JSON.stringify(path)}, which cannot be read (${error.code ?? error.message}).`, cure: 'Give the path of a PEM file, relative to the project.' });
      return undefined;
    });
  };
  if ((cert === undefined) !== (key === undefined)) problems.push({ path: `temporal.tls.${cert === undefined ? 'cert_file' : 'key_file'}`, message: 'is missing: a client\'s certificate and its key go together.' });
  const [caPem, certPem, keyPem] = [await read('ca_file', ca), await read('cert_file', cert), await read('key_file', key)];
  if (caPem !== undefined) certificate('ca_file', caPem, problems);
  if (certPem !== undefined) checkPair(certificate('cert_file', certPem, problems), keyPem, problems);
  return {
    ...(caPem === undefined ? {} : { serverRootCACertificate: caPem }),
    ...(certPem === undefined || keyPem === undefined ? {} : { clientCertPair: { crt: certPem, key: keyPem } }),
    ...(serverName === undefined ? {} : { serverNameOverride: serverName }),
  };
}

function certificate(name: string, pem: Buffer, problems: Problem[]): X509Certificate | undefined {
  const path = `temporal.tls.${name}`;
  try {
    const read = new X509Certificate(pem);
    if (Date.parse(read.validTo) < Date.now()) problems.push({ path, message: `holds a certificate that was valid until ${new Date(read.validTo).toISOString()}.`, cure: 'Have it renewed.' });
    return read;
  } catch (error) {
    problems.push({ path, message: `holds no certificate (${error instanceof Error ? error.message : String(error)}).`, cure: 'It must be PEM, with a line -----BEGIN CERTIFICATE-----.' });
    return undefined;
  }
}

function checkPair(read: X509Certificate | undefined, keyPem: Buffer | undefined, problems: Problem[]): void {
  if (keyPem === undefined) return;
  const path = 'temporal.tls.key_file';
  try {
    const key = createPrivateKey(keyPem);
    if (read !== undefined && !read.checkPrivateKey(key)) problems.push({ path, message: 'holds the key of another certificate than cert_file.', cure: 'Give the key that the certificate was made for.' });
  } catch {
    problems.push({ path, message: 'holds no private key that can be read.', cure: 'It must be PEM without a passphrase, with a line -----BEGIN PRIVATE KEY-----.' }); // the error itself could tell of the key
  }
}

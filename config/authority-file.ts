import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PipelineError } from '../domain/errors.ts';

const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** The text of a PEM file of certificate authorities. INVALID_CONFIG, in terms of the setting, where it cannot be read, holds none, or none that is valid now. */
export function readAuthority(path: string, setting: string): string {
  const refuse = (message: string, cure: string, cause?: unknown): never => {
    throw new PipelineError('INVALID_CONFIG', 'The authority that signs the certificate of Redis cannot be used.', { problems: [{ path: setting, message: `${path} ${message}`, cure }], cause });
  };
  const pem = read(path, (cause) => refuse(`cannot be read (${cause.code ?? cause.message}).`, 'Give the PEM file of the authority that signed the certificate of Redis, relative to the project.', cause));
  const certificates = (pem.match(CERTIFICATE) ?? []).map((text) => parse(text, (cause) => refuse(`holds a certificate that cannot be read (${cause.message}).`, 'Get the file anew.', cause)));
  if (certificates.length === 0) refuse('holds no certificate.', 'It must be PEM, with a line -----BEGIN CERTIFICATE-----.');
  const ended = certificates.filter(({ validTo }) => Date.parse(validTo) < Date.now());
  const early = certificates.filter(({ validFrom }) => Date.parse(validFrom) > Date.now());
  // One that has ended may stand beside the one that follows it.
  if (ended.length + early.length === certificates.length) {
    const [when, cure] = ended.length > 0 ? [`was valid until ${last(ended, 'validTo')}`, 'Get the one that follows it from whoever runs Redis.'] : [`is valid from ${last(early, 'validFrom')} only`, 'Set the clock of this machine right, or give the one before it.'];
    refuse(`holds a certificate that ${when}.`, cure);
  }
  return pem;
}

function read(path: string, failed: (cause: NodeJS.ErrnoException) => never): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    return failed(cause as NodeJS.ErrnoException);
  }
}

function parse(text: string, failed: (cause: Error) => never): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    return failed(cause as Error);
  }
}

function last(certificates: readonly X509Certificate[], time: 'validFrom' | 'validTo'): string {
  return new Date(Math.max(...certificates.map((each) => Date.parse(each[time])))).toISOString();
}

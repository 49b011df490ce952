import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface SelfSigned {
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
}

/** A certificate for localhost, and for 127.0.0.1 unless told otherwise, that is its own authority (X.509 v3, RFC 5280, P-256), valid for a day or the hours given, negative ones before now. */
export function selfSigned({ forAddress = true, validHours = 24 }: { readonly forAddress?: boolean; readonly validHours?: number } = {}): SelfSigned {
  return certified({ name: 'ml-pipeline test', isAuthority: true, forAddress, validHours });
}

/** An authority, and certificates for localhost and 127.0.0.1 that it signed: of a server and of a client. `validHours`: until when the client's is valid. */
export function certificateChain({ validHours = 24 }: { readonly validHours?: number } = {}): { readonly authority: string; readonly server: SelfSigned; readonly client: SelfSigned } {
  const authority = certified({ name: 'ml-pipeline authority', isAuthority: true, forAddress: true });
  const issuer = { name: 'ml-pipeline authority', privateKey: authority.privateKey };
  return { authority: authority.certificate, server: certified({ name: 'localhost', isAuthority: false, forAddress: true, issuer }), client: certified({ name: 'client', isAuthority: false, forAddress: true, issuer, validHours }) };
}

interface Wish {
  readonly name: string;
  readonly isAuthority: boolean;
  readonly forAddress: boolean;
  /** Left out: it signs itself. */
  readonly issuer?: { readonly name: string; readonly privateKey: string };
  readonly validHours?: number;
}

function certified({ name, isAuthority, forAddress, issuer, validHours = 24 }: Wish): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
  const named = (text: string): Buffer => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(text)))));
  const [from, to] = [-48, validHours].map((hours) => der(0x18, Buffer.from(new Date(Date.now() + hours * 3_600_000).toISOString().replace(/[-:T]|\.\d+/g, ''))));
  const alternativeNames = sequence(...(forAddress ? [der(0x87, Buffer.of(127, 0, 0, 1))] : []), der(0x82, Buffer.from('localhost')));
  const extensions = sequence(
    sequence(oid('551d13'), der(0x01, Buffer.of(0xff)), der(0x04, sequence(...(isAuthority ? [der(0x01, Buffer.of(0xff))] : [])))),
    sequence(oid('551d11'), der(0x04, alternativeNames)),
  );
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    named(issuer?.name ?? name),
    sequence(from as Buffer, to as Buffer),
    named(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = sign('sha256', body, issuer === undefined ? privateKey : createPrivateKey(issuer.privateKey));
  const certificate = sequence(body, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = certificate.toString('base64').replace(/(.{64})/g, '$1\n').trimEnd();
  return { certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...head), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

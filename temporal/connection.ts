/** How a process reaches Temporal: what its SDK's `Connection` and `NativeConnection` take. Holds secrets: never print it. */
export interface TemporalConnection {
  /** host:port */
  readonly address: string;
  /** true: trusted by what the system trusts. Absent: not encrypted. */
  readonly tls?: true | TemporalTls;
  readonly apiKey?: string;
}

/** PEM. */
export interface TemporalTls {
  readonly serverRootCACertificate?: Uint8Array;
  /** For servers that ask clients who they are. */
  readonly clientCertPair?: { readonly crt: Uint8Array; readonly key: Uint8Array };
  /** The name in the server's certificate, where it is not the address's. */
  readonly serverNameOverride?: string;
}

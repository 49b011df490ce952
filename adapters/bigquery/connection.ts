import { createRequire } from 'node:module';
import type * as Sdk from '@google-cloud/bigquery';
import type { BigQuery, BigQueryOptions } from '@google-cloud/bigquery';
import type { v1 } from '@google-cloud/bigquery-storage';
import type * as Auth from 'google-auth-library';
import { requireLogin } from '../google-auth/require-login.ts';
import { told } from './call-failure.ts';
import type { DatasetNames } from './sql.ts';

export interface BigQuerySettings extends DatasetNames {
  /** Where the data sets lie and jobs run, such as us-central1. */
  readonly location: string;
  /** A query that would process more is refused before it runs, and BigQuery itself bills no query for more. */
  readonly maximum_bytes_billed: number;
  /** US dollars for 2^40 bytes processed, for messages; left out: they give bytes alone. */
  readonly usd_per_tib?: number | undefined;
  /** Put onto every job and table beside our own. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Another address of the API than Google's own (a private endpoint); with http:// no credentials are sent. */
  readonly api_endpoint?: string | undefined;
  /** The same of the Storage API, `host:port` or a URL; with http:// it is plain and without credentials. */
  readonly grpc_endpoint?: string | undefined;
}

/** How often and how long a request is repeated that the server could not answer (429, 5xx). Seconds. */
export interface RetryLimits {
  readonly maxRetries: number;
  readonly totalTimeout: number;
  readonly maxRetryDelay: number;
}
const RETRIES: RetryLimits = { maxRetries: 5, totalTimeout: 60, maxRetryDelay: 16 };
/** A request is no query: jobs are asked for, and waited for by asking again. */
const REQUEST_MS = 60_000;

/** The client's package takes long to load, and a server of predictions needs none of it. */
const require = createRequire(import.meta.url);

export interface BigQueryConnection {
  /** The same one each time. Its package is loaded by the first who asks. */
  readonly client: BigQuery;
  readonly settings: BigQuerySettings;
  /** The client of the Storage Read API; the same one each time. Its package takes long to load, and is by the first who asks. */
  readClient(): Promise<v1.BigQueryReadClient>;
  /** The client of the Storage Write API, in the same way. */
  writeClient(): Promise<v1.BigQueryWriteClient>;
  close(): Promise<void>;
}

/** Clients of one project. Nothing is asked of the server until it is needed; credentials are Google's application default ones. */
export function openBigQuery(settings: BigQuerySettings, retries: RetryLimits = RETRIES): BigQueryConnection {
  const { project: projectId } = settings;
  let client: BigQuery | undefined;
  let reader: Promise<v1.BigQueryReadClient> | undefined;
  let writer: Promise<v1.BigQueryWriteClient> | undefined;
  const open = async <T>(make: (api: typeof v1, options: ConstructorParameters<typeof v1.BigQueryWriteClient>[0]) => T): Promise<T> => {
    const [{ v1: api }, address] = await Promise.all([import('@google-cloud/bigquery-storage'), told(storageAddress(settings), 'reaching the Storage API', settings)]);
    return make(api, { projectId, ...address });
  };
  /** One that could not be opened is opened anew by the next who asks. */
  const remember = <T>(opening: Promise<T>, forget: () => void): Promise<T> => {
    opening.catch(forget);
    return opening;
  };
  return {
    get client() {
      return (client ??= openClient(settings, retries));
    },
    settings,
    readClient: () => (reader ??= remember(open((api, address) => new api.BigQueryReadClient(address)), () => { reader = undefined; })),
    writeClient: () => (writer ??= remember(open((api, address) => new api.BigQueryWriteClient(address)), () => { writer = undefined; })),
    close: async () => void (await Promise.all([reader, writer].map(async (opened) => (await opened)?.close()))),
  };
}

function openClient({ project: projectId, location, api_endpoint: apiEndpoint }: BigQuerySettings, retries: RetryLimits): BigQuery {
  const { BigQuery } = require('@google-cloud/bigquery') as typeof Sdk;
  const plain = (): object => ({ authClient: new (require('google-auth-library') as typeof Auth).PassThroughClient() });
  // `timeout` is an option of the service that BigQuery is, left out of its type
  const options: BigQueryOptions & { readonly timeout: number } = {
    projectId, location, timeout: REQUEST_MS, retryOptions: { autoRetry: true, retryDelayMultiplier: 2, ...retries },
    ...(apiEndpoint === undefined ? {} : { apiEndpoint }),
    ...(apiEndpoint?.startsWith('http://') === true ? plain() : {}),
  };
  return requireLogin(new BigQuery(options));
}

/** Options of a client of the Storage API: its endpoint, and credentials that have been tried: its client leaves a rejection of its own unhandled where it finds none. */
async function storageAddress({ project: projectId, grpc_endpoint: endpoint }: BigQuerySettings): Promise<object> {
  const { GoogleAuth, PassThroughClient } = await import('google-auth-library');
  const logIn = async (): Promise<object> => {
    const auth = new GoogleAuth({ projectId, scopes: 'https://www.googleapis.com/auth/cloud-platform' });
    await auth.getAccessToken();
    return { authClient: await auth.getClient() };
  };
  if (endpoint === undefined) return logIn();
  const { protocol, hostname, port } = new URL(endpoint.includes('://') ? endpoint : `https://${endpoint}`);
  const address = { servicePath: hostname, apiEndpoint: hostname, port: Number(port === '' ? 443 : port) };
  if (protocol !== 'http:') return { ...address, ...(await logIn()) };
  const { credentials } = await import('@grpc/grpc-js');
  return { ...address, sslCreds: credentials.createInsecure(), authClient: new PassThroughClient() };
}

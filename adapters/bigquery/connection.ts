import { createRequire } from 'node:module';
import type * as Sdk from '@google-cloud/bigquery';
import type { BigQuery, BigQueryOptions } from '@google-cloud/bigquery';
import type { v1 } from '@google-cloud/bigquery-storage';
import type * as Auth from 'google-auth-library';
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
    const [{ v1: api }, address] = await Promise.all([import('@google-cloud/bigquery-storage'), storageAddress(settings.grpc_endpoint)]);
    return make(api, { projectId, ...address });
  };
  return {
    get client() {
      return (client ??= openClient(settings, retries));
    },
    settings,
    readClient: () => (reader ??= open((api, address) => new api.BigQueryReadClient(address))),
    writeClient: () => (writer ??= open((api, address) => new api.BigQueryWriteClient(address))),
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
  return new BigQuery(options);
}

/** Options of a client of the Storage API for an endpoint. */
async function storageAddress(endpoint: string | undefined): Promise<object> {
  if (endpoint === undefined) return {};
  const { protocol, hostname, port } = new URL(endpoint.includes('://') ? endpoint : `https://${endpoint}`);
  const address = { servicePath: hostname, apiEndpoint: hostname, port: Number(port === '' ? 443 : port) };
  if (protocol !== 'http:') return address;
  const [{ credentials }, { PassThroughClient }] = await Promise.all([import('@grpc/grpc-js'), import('google-auth-library')]);
  return { ...address, sslCreds: credentials.createInsecure(), authClient: new PassThroughClient() };
}

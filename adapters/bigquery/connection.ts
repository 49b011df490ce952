import { BigQuery } from '@google-cloud/bigquery';
import type { BigQueryOptions } from '@google-cloud/bigquery';
import { v1 } from '@google-cloud/bigquery-storage';
import { credentials } from '@grpc/grpc-js';
import { PassThroughClient } from 'google-auth-library';
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

export interface BigQueryConnection {
  readonly client: BigQuery;
  readonly settings: BigQuerySettings;
  /** The client of the Storage Read API; the same one each time. */
  readClient(): v1.BigQueryReadClient;
  /** The client of the Storage Write API; the same one each time. */
  writeClient(): v1.BigQueryWriteClient;
  close(): Promise<void>;
}

/** Clients of one project. Nothing is asked of the server until it is needed; credentials are Google's application default ones. */
export function openBigQuery(settings: BigQuerySettings, retries: RetryLimits = RETRIES): BigQueryConnection {
  const { project: projectId, location, api_endpoint: apiEndpoint } = settings;
  // `timeout` is an option of the service that BigQuery is, left out of its type
  const options: BigQueryOptions & { readonly timeout: number } = {
    projectId, location, timeout: REQUEST_MS, retryOptions: { autoRetry: true, retryDelayMultiplier: 2, ...retries },
    ...(apiEndpoint === undefined ? {} : { apiEndpoint }),
    ...(apiEndpoint?.startsWith('http://') === true ? { authClient: new PassThroughClient() } : {}),
  };
  const client = new BigQuery(options);
  let reader: v1.BigQueryReadClient | undefined;
  let writer: v1.BigQueryWriteClient | undefined;
  return {
    client,
    settings,
    readClient: () => (reader ??= new v1.BigQueryReadClient({ projectId, ...storageAddress(settings.grpc_endpoint) })),
    writeClient: () => (writer ??= new v1.BigQueryWriteClient({ projectId, ...storageAddress(settings.grpc_endpoint) })),
    close: async () => void (await Promise.all([reader?.close(), writer?.close()])),
  };
}

/** Options of a client of the Storage API for an endpoint. */
export function storageAddress(endpoint: string | undefined): object {
  if (endpoint === undefined) return {};
  const { protocol, hostname, port } = new URL(endpoint.includes('://') ? endpoint : `https://${endpoint}`);
  const address = { servicePath: hostname, apiEndpoint: hostname, port: Number(port === '' ? 443 : port) };
  return protocol === 'http:' ? { ...address, sslCreds: credentials.createInsecure() } : address;
}

import { Storage } from '@google-cloud/storage';
import { requireLogin } from '../google-auth/require-login.ts';

export interface StorageClientOptions {
  /** Of the buckets; undefined: that of the credentials. Only making and listing buckets needs it. */
  readonly project?: string;
  /** Another address of the API, such as a private endpoint. With https callers are authenticated as usual, with http not at all. */
  readonly apiEndpoint?: string;
  /** What takes longer than this is broken off, and tried again. Milliseconds of one request, default 60,000; files that are sent or fetched have limits of their own. */
  readonly requestMillis?: number;
  /** Pauses before a repeat double up to this, at least 1. Default 32. */
  readonly longestPauseSeconds?: number;
}

const TRIES_AFTER_THE_FIRST = 4;

/**
 * A client of Cloud Storage with the credentials of the environment (Application Default Credentials). Nothing is sent before the first call. What may pass (408, 429, 5xx, a broken
 * connection) is tried again by the client, of writes only those that a precondition makes safe to repeat.
 */
export function createStorageClient({ project, apiEndpoint, requestMillis = 60_000, longestPauseSeconds = 32 }: StorageClientOptions): Storage {
  return requireLogin(new Storage({
    timeout: requestMillis,
    ...(project === undefined ? {} : { projectId: project }),
    ...(apiEndpoint === undefined ? {} : { apiEndpoint, useAuthWithCustomEndpoint: apiEndpoint.startsWith('https:') }),
    retryOptions: { autoRetry: true, maxRetries: TRIES_AFTER_THE_FIRST, retryDelayMultiplier: 2, maxRetryDelay: longestPauseSeconds, totalTimeout: 300 },
  }));
}

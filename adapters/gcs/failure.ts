import { PipelineError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { CERTIFICATE_CURE, isCertificateRefused } from '../google-auth/certificates.ts';
import { isLoginAway, isWithoutCredentials } from '../google-auth/credentials.ts';

/** What the client throws: an answer of the service with its status and reason, or an error of the network or of the credentials. */
interface ServiceError extends Error {
  readonly code?: number | string;
  readonly errors?: readonly { readonly reason?: string; readonly message?: string }[];
}

const LONGEST_MESSAGE = 300;
/** Reasons of status 403 and 429 that pass (cloud.google.com/storage/docs/json_api/v1/status-codes). */
const LIMITS = /^(rateLimitExceeded|userRateLimitExceeded|quotaExceeded|dailyLimitExceeded)$/;

/** Whether the service answered with this status. */
export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof Error && Number((error as ServiceError).code) === status;
}

/** The error of a failed call as what a user can do about it. `what`: the wish in words, such as `gs://bucket/name`. What is no failure of the call is returned as it is: a full disk stays one. */
export function storageFailure(error: unknown, bucket: string, what: string): Error {
  if (!(error instanceof Error) || error instanceof PipelineError) return error as Error;
  const { code, errors = [], message } = error as ServiceError;
  const status = Number(code);
  const reason = errors[0]?.reason ?? '';
  const detail = Number.isInteger(status) ? `status ${status}${reason === '' ? '' : `, ${reason}`}` : String(code ?? '');
  const fail = (errorCode: ErrorCode, text: string): PipelineError =>
    new PipelineError(errorCode, `Cloud Storage ${text} (${what}${detail === '' ? '' : `; ${detail}`}). It said: ${message.split('\n', 1)[0]!.slice(0, LONGEST_MESSAGE)}`, { cause: error });
  if (error instanceof SyntaxError && /google-auth-library/.test(error.stack ?? '')) {
    return new PipelineError('INVALID_CONFIG', `Cloud Storage was not asked: the file that GOOGLE_APPLICATION_CREDENTIALS names is no JSON (${what}). Make a new key file, or run \`gcloud auth application-default login\` and unset the variable.`); // its message would show a piece of the file
  }
  if (isCertificateRefused(error)) return fail('INVALID_CONFIG', `was not asked: the certificate of its address is not accepted. ${CERTIFICATE_CURE.replace(/\.$/, '')}`);
  if (isLoginAway(message, status)) return fail('UNAVAILABLE', 'was not asked: the server that gives access tokens did not answer, or failed. Try again later');
  if (isWithoutCredentials(message, status)) {
    return fail('INVALID_CONFIG', 'was not asked: there are no credentials that can be used, or they have expired. Run `gcloud auth application-default login`, or name a service account\'s file in GOOGLE_APPLICATION_CREDENTIALS; on Cloud Run give the service an account');
  }
  if (status === 401) return fail('INVALID_CONFIG', 'did not accept the credentials. Renew them: gcloud auth application-default login');
  if (LIMITS.test(reason) || status === 429) return fail('UNAVAILABLE', 'has too many requests from this project. Try again later, or raise its quota');
  if (status === 403) return fail('INVALID_CONFIG', `does not permit this. Give the account of this process the role roles/storage.objectUser on the bucket ${bucket}; where billing is disabled, enable it`);
  if (status === 404 && /bucket does not exist/i.test(message)) return missingBucket(bucket, error);
  if (status === 404) return fail('NOT_FOUND', 'has no such object. It may have expired or been removed: run the step that writes it again');
  if (status === 412 || status === 409) return fail('CONFLICT', 'has another version than expected: another process changed it meanwhile');
  if (status === 400 && /md5|crc32c|checksum|hash/i.test(`${reason} ${message}`)) return fail('UNAVAILABLE', 'got other bytes than were sent, and kept nothing of them. Try again');
  if (status === 400 || status === 411 || status === 413) return fail('INVALID_INPUT', 'refused it');
  if (status === 408 || status >= 500) return fail('UNAVAILABLE', 'failed. Try again later; its state is on status.cloud.google.com');
  return isOfNetwork(error) ? fail('UNAVAILABLE', 'cannot be reached, or broke off. Check the network, and api_endpoint in config/environments where it is set') : error;
}

/** A 404 to a write says that the bucket itself is missing. */
export function missingBucket(bucket: string, cause: unknown): PipelineError {
  return new PipelineError('INVALID_CONFIG', `There is no bucket ${bucket}. Create it with deploy/bootstrap.sh, or correct artifacts.buckets in config/environments.`, { cause });
}

/** Whether the same call may succeed a moment later. */
export function mayPass(error: Error): boolean {
  return error instanceof PipelineError && error.retryable;
}

function isOfNetwork(error: Error): boolean {
  const { code } = (error.cause instanceof Error ? error.cause : error) as NodeJS.ErrnoException; // fetch says only that it failed; why is in its cause
  return (typeof code === 'string' && /^(ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|UND_|ERR_STREAM_PREMATURE_CLOSE)/.test(code)) || error.name === 'AbortError' || (error instanceof TypeError && /fetch failed|terminated/.test(error.message)) || /socket hang up|network|premature close|Retry (timeout|total)/i.test(error.message);
}

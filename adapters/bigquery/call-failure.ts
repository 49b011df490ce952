import { PipelineError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { CERTIFICATE_CURE, isCertificateRefused } from '../google-auth/certificates.ts';
import { isLoginAway, isWithoutCredentials } from '../google-auth/credentials.ts';
import type { BigQuerySettings } from './connection.ts';

/** A failure as BigQuery tells it: of a request with an HTTP status, of a job without (cloud.google.com/bigquery/docs/error-messages). */
interface ToldFailure {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

const LONGEST_MESSAGE = 600;
const NO_ANSWER = /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|ESOCKETTIMEDOUT|socket hang up|network timeout|premature close/i;
/** Messages that go on with the value that did not fit: it is left out of ours. */
const VALUE = /^(Bad \w+ value|Invalid (timestamp|date|datetime|time|\w+ value)|Cannot parse|Failed to parse|Could not (cast|convert)|Error: Bad|\w+ (out of range|overflow))/i;
/** A parser's message shows a piece of the file, which holds a key. */
const BAD_KEY_FILE = /(environment variable: )(?!The ).*JSON.*$/s;
const LOGIN = 'On a laptop run `gcloud auth application-default login`; on a server give the process a service account (GOOGLE_APPLICATION_CREDENTIALS, or that of the Cloud Run service).';

/** What decides the words of an error: the first row that fits. `{project}` and `{location}` stand for the settings. */
const KINDS: readonly { readonly when: (told: ToldFailure) => boolean; readonly code: ErrorCode; readonly text: string; readonly cure: string }[] = [
  { when: ({ message }) => isCertificateRefused({ message }), code: 'INVALID_CONFIG', text: 'the certificate of its address is not accepted', cure: CERTIFICATE_CURE },
  { when: ({ message, status }) => isLoginAway(message, status), code: 'UNAVAILABLE', text: 'the server that gives access tokens did not answer, or failed', cure: 'Try again later.' },
  { when: ({ message, status }) => isWithoutCredentials(message, status), code: 'INVALID_CONFIG', text: 'there are no credentials for Google Cloud, or they have expired', cure: LOGIN },
  { when: ({ status }) => status === 401, code: 'INVALID_CONFIG', text: 'Google Cloud did not accept the credentials', cure: LOGIN },
  { when: ({ reason }) => reason === 'bytesBilledLimitExceeded', code: 'UNSUPPORTED', text: 'the query would be billed for more than the budget allows', cure: 'Let it read less (fewer days, a filter on the partition column), or raise warehouse.maximum_bytes_billed.' },
  { when: ({ reason }) => reason === 'rateLimitExceeded' || reason === 'jobRateLimitExceeded' || reason === 'userRateLimitExceeded', code: 'UNAVAILABLE', text: 'there were too many requests at a time', cure: 'Try again later, or let fewer runs go at a time.' },
  { when: ({ status, reason }) => status === 429 || reason === 'quotaExceeded', code: 'UNAVAILABLE', text: 'a quota of the project {project} is used up', cure: 'Try again later, or raise the quota (IAM & Admin, Quotas).' },
  { when: ({ reason }) => reason === 'billingNotEnabled', code: 'INVALID_CONFIG', text: 'the project {project} has no billing account', cure: 'Link one to it.' },
  { when: ({ reason }) => reason === 'resourcesExceeded' || reason === 'responseTooLarge', code: 'UNSUPPORTED', text: 'the query needs more than BigQuery gives one query', cure: 'Let it read less at a time: fewer days, or fewer columns.' },
  { when: ({ status, reason }) => status === 403 || reason === 'accessDenied', code: 'INVALID_CONFIG', text: 'the account may not do this', cure: 'Grant it roles/bigquery.jobUser and roles/bigquery.readSessionUser on the project {project}, and roles/bigquery.dataEditor on its data sets.' },
  { when: ({ message }) => /different locations|not in location|location .* does not match|location \S+ is (not valid|invalid|not supported)|invalid location|in the same (location|region)/i.test(message), code: 'INVALID_CONFIG', text: 'the data sets do not lie where the jobs run, or there is no such place', cure: 'All data sets must lie in warehouse.location ({location}): correct the setting, or make the data sets anew there.' },
  { when: ({ status, reason, message }) => (status === 404 || reason === 'notFound') && /not found: dataset/i.test(message), code: 'NOT_FOUND', text: 'a data set does not exist in {location}', cure: 'Make it (deploy/bootstrap.sh makes all; `ml-pipeline data load` those of the sample data), or correct warehouse.datasets, registry.table, project and location in config/environments.' },
  { when: ({ status, reason }) => status === 404 || reason === 'notFound', code: 'NOT_FOUND', text: 'a table or job does not exist in {location}', cure: 'Make the table (`ml-pipeline data load` makes those of the sample data), or correct its name; where it exists, compare its data set\'s location with warehouse.location.' },
  { when: ({ status, reason }) => status === 409 || reason === 'duplicate', code: 'CONFLICT', text: 'it exists already', cure: 'Another process made it meanwhile: try again.' },
  { when: ({ status, reason, message }) => status === 408 || status >= 500 || /^(backendError|internalError|jobBackendError|jobInternalError|tableUnavailable|timeout)$/.test(reason) || NO_ANSWER.test(message), code: 'UNAVAILABLE', text: 'BigQuery does not answer, or failed', cure: 'Try again later; status.cloud.google.com tells of outages. With warehouse.api_endpoint set, check that address.' },
  // Tried again: an attempt that was given up may have cancelled the job that the next one had found.
  { when: ({ reason }) => reason === 'stopped', code: 'UNAVAILABLE', text: 'somebody cancelled the job', cure: 'Start the run again.' },
  { when: ({ reason, message }) => reason === 'invalidQuery' && VALUE.test(message), code: 'INVALID_DATA', text: 'a value does not become what the query makes of it', cure: 'Use SAFE_CAST in the SQL, or mend the data.' },
  { when: ({ reason }) => reason === 'invalidQuery', code: 'INVALID_TEMPLATE', text: 'BigQuery refuses the text of the query', cure: "Mend the loader's SQL template." },
  { when: ({ status, reason }) => status === 400 || reason === 'invalid', code: 'INVALID_INPUT', text: 'BigQuery refuses the request', cure: 'Mend what the message names.' },
];

/** The error as users meet it; what no request or job told is given back unchanged. `doing`: the wish in words, such as `writing the spine spine_data.x`. */
export function asBigQueryError(error: unknown, doing: string, { project, location }: Pick<BigQuerySettings, 'project' | 'location'>): unknown {
  if (error instanceof PipelineError) return error;
  const told = toldBy(error);
  const kind = told === undefined ? undefined : KINDS.find(({ when }) => when(told));
  if (told === undefined || kind === undefined) return error;
  const fill = (text: string): string => text.replaceAll('{project}', project).replaceAll('{location}', location);
  const shown = VALUE.test(told.message) ? told.message.split(/[:'"]/)[0]! : told.message;
  const isBadKeyFile = BAD_KEY_FILE.test(shown);
  const said = shown.replace(BAD_KEY_FILE, '$1it is no JSON').trim().replace(/\s+/g, ' ').slice(0, LONGEST_MESSAGE);
  return new PipelineError(kind.code, `BigQuery, ${doing}: ${fill(kind.text)}. ${fill(kind.cure)} It said: ${said}`, isBadKeyFile ? {} : { cause: error });
}

/** Runs `work`; its errors are those of `asBigQueryError`. */
export async function told<T>(work: Promise<T>, doing: string, settings: Pick<BigQuerySettings, 'project' | 'location'>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asBigQueryError(error, doing, settings);
  }
}

/** The error of asBigQueryError where credentials are missing, broken or expired, not to be had now, or the server's certificate is not accepted, as gRPC tells it too: with a status of its own, before anything is sent. */
export function asLoginError(error: unknown, doing: string): PipelineError | undefined {
  const { message: said = '', status } = toldBy(error) ?? {};
  const explained = isCertificateRefused(error) || isWithoutCredentials(said, status) || isLoginAway(said, status) ? asBigQueryError(error, doing, { project: '', location: '' }) : undefined; // its words name neither
  return explained instanceof PipelineError ? explained : undefined;
}

/** Whether the server says that there is no such thing. */
export function isMissing(error: unknown): boolean {
  return toldBy(error)?.status === 404;
}

/** Whether the server says that there is such a thing already. */
export function isThere(error: unknown): boolean {
  return toldBy(error)?.status === 409;
}

function toldBy(error: unknown): ToldFailure | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, errors, reason, message = '' } = error as { readonly code?: unknown; readonly errors?: readonly { readonly reason?: string; readonly message?: string }[]; readonly reason?: string; readonly message?: string };
  const first = errors?.[0];
  const status = typeof code === 'number' ? code : Number(/^\d{3}$/.exec(String(code))?.[0] ?? 0);
  const text = `${first?.message ?? message}${typeof code === 'string' && status === 0 ? ` (${code})` : ''}`;
  const known = status !== 0 || (first?.reason ?? reason) !== undefined || NO_ANSWER.test(text) || isLoginAway(text) || isWithoutCredentials(text) || isCertificateRefused({ message: text });
  return known ? { status, reason: first?.reason ?? reason ?? '', message: text } : undefined;
}

import { PipelineError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { withoutSecrets } from './server-auth.ts';
import type { ServerAuth } from './server-auth.ts';

/** What is known of the call that failed. `what`: the wish in words, such as `run 4e1b...`. */
export interface FailedCall {
  readonly uri: string;
  readonly auth: ServerAuth;
  readonly what: string;
}

/**
 * A call that did not succeed. `repeat`: `always` where the server surely did nothing, `if-repeatable` where it may have done what it was asked, `never` where a repeat
 * would fail in the same way.
 */
export interface Failure {
  readonly error: PipelineError;
  readonly repeat: 'always' | 'if-repeatable' | 'never';
  /** What the server asked to wait, in milliseconds. */
  readonly waitMillis?: number;
}

const LONGEST_MESSAGE = 400;
const ELSEWHERE = 'Where it is a page to log in, check tracking.auth in config/environments, else write the right address into tracking.uri';
/** Statuses of a server, or of what stands before it, that may pass. */
const PASSING = new Set([408, 425, 500, 502, 503, 504]);

/** An answer whose status is not one of success. MLflow's own errors have an `error_code`; what stands before MLflow answers with any text. */
export async function answerFailure(call: FailedCall, response: Response): Promise<Failure> {
  const { code, message } = readError(await response.text());
  const said = message === '' ? '' : ` It said: ${withoutSecrets(message, call.auth).slice(0, LONGEST_MESSAGE)}`;
  const fail = (errorCode: ErrorCode, text: string, repeat: Failure['repeat'] = 'never'): Failure => ({ error: new PipelineError(errorCode, `The MLflow server ${call.uri} ${text} (${call.what}, status ${response.status}).${said}`), repeat });
  const { status } = response;
  if (status >= 300 && status < 400) return fail('INVALID_CONFIG', `sends callers elsewhere (to ${originOf(response.headers.get('location'))}). ${ELSEWHERE}`);
  if (status === 401) return fail('INVALID_CONFIG', `did not accept who we are: tracking.auth is ${call.auth.type}. Check it, and the ${wanted(call.auth)}`);
  if (status === 403) return fail('INVALID_CONFIG', 'does not permit this. Give the account of tracking.auth the permission; where the server refuses our address (Host), start it with --allowed-hosts');
  if (status === 429) return { ...fail('UNAVAILABLE', 'has too many callers. Try again later, or raise its quota', 'always'), ...waitOf(response) };
  if (status === 413) return fail('INVALID_INPUT', 'does not take so much at once. Raise the limit of what stands before it');
  if (status === 501) return fail('UNSUPPORTED', 'cannot do this with the store that it has');
  if (PASSING.has(status)) return { ...fail('UNAVAILABLE', 'failed. Try again later; its log says why', 'if-repeatable'), ...waitOf(response) };
  if (code === 'RESOURCE_DOES_NOT_EXIST') return fail('NOT_FOUND', 'does not have it');
  if (code === 'RESOURCE_ALREADY_EXISTS') return fail('CONFLICT', 'has it already');
  if (status === 404 && code === '') return fail('INVALID_CONFIG', 'does not know this call: no MLflow server of version 3 answers there. Check tracking.uri in config/environments');
  return fail('INVALID_INPUT', 'refused it');
}

/** No answer, or only a part of one. What is no failure of the network is thrown on: a full disk stays one. */
export function networkFailure(call: FailedCall, error: unknown): Failure {
  if (!(error instanceof Error) || error instanceof PipelineError || !isOfNetwork(error)) throw error;
  const { code = '', message } = causeOf(error);
  const fail = (errorCode: ErrorCode, text: string, repeat: Failure['repeat']): Failure => ({ error: new PipelineError(errorCode, `The MLflow server ${call.uri} ${text} (${call.what}; ${code || message}).`, { cause: error }), repeat });
  if (message === 'unexpected redirect') return fail('INVALID_CONFIG', `sends callers elsewhere. ${ELSEWHERE}`, 'never');
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code)) return fail('INVALID_CONFIG', 'has a certificate that is not trusted here. Name the file of your authority in the environment variable NODE_EXTRA_CA_CERTS, or correct the host in tracking.uri', 'never');
  if (/^ERR_SSL|^EPROTO/.test(code)) return fail('INVALID_CONFIG', 'does not speak TLS as tracking.uri says. Check http and https, and the port', 'never');
  if (/^ECONNREFUSED$|^ENOTFOUND$|^EAI_AGAIN$|^UND_ERR_CONNECT_TIMEOUT$/.test(code)) return fail('UNAVAILABLE', 'cannot be reached. Start it, or correct tracking.uri in config/environments', 'always');
  return fail('UNAVAILABLE', 'did not answer in time, or broke off. Try again later', 'if-repeatable');
}

function isOfNetwork(error: Error): boolean {
  const { code = '' } = causeOf(error);
  return error instanceof TypeError || error.name === 'TimeoutError' || error.name === 'AbortError' || /^(UND_|ECONN|EPIPE)/.test(code);
}

/** fetch says only that it failed; why is in its cause, for several addresses in the first of several. */
function causeOf(error: Error): { readonly code?: string; readonly message: string } {
  const cause = error.cause instanceof AggregateError ? (error.cause.errors[0] as unknown) : error.cause;
  return cause instanceof Error ? cause : error;
}

function readError(text: string): { readonly code: string; readonly message: string } {
  try {
    const { error_code: code = '', message, detail } = JSON.parse(text) as { readonly error_code?: string; readonly message?: string; readonly detail?: unknown };
    return { code, message: message ?? (typeof detail === 'string' ? detail : '') };
  } catch {
    return { code: '', message: text.startsWith('<') ? '' : text.trim() }; // a page of HTML tells nothing
  }
}

function waitOf(response: Response): { readonly waitMillis?: number } {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? { waitMillis: seconds * 1000 } : {};
}

function originOf(location: string | null): string {
  return location !== null && URL.canParse(location) ? new URL(location).origin : 'another path';
}

function wanted(auth: ServerAuth): string {
  return {
    none: 'user and password, or a token, in the environment',
    basic: 'user and password in the environment',
    token: 'token in the environment',
    google_identity: 'account that this process runs as (role roles/run.invoker), and tracking.audience',
  }[auth.type];
}

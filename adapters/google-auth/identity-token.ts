import { GoogleAuth } from 'google-auth-library';
import type { IdTokenClient } from 'google-auth-library';
import { PipelineError } from '../../domain/errors.ts';

/** What gives identity tokens: the account of the service on Google Cloud, or a service account's file. */
export type IdentityClient = Pick<IdTokenClient, 'getRequestHeaders'>;

/**
 * Identity tokens of this process for a service behind Google Cloud's IAM, such as one on Cloud Run (cloud.google.com/run/docs/authenticating/service-to-service). A token lives an hour;
 * the returned function gives the same one until five minutes before its end, then a new one. INVALID_CONFIG when this process has no account that can have one.
 */
export function identityTokens(audience: string, open: (audience: string) => Promise<IdentityClient> = (wanted) => new GoogleAuth().getIdTokenClient(wanted)): () => Promise<string> {
  let client: Promise<IdentityClient> | undefined;
  return async () => {
    try {
      client ??= open(audience);
      const header = (await (await client).getRequestHeaders()).get('authorization');
      if (header?.startsWith('Bearer ') === true) return header.slice('Bearer '.length);
    } catch (error) {
      client = undefined;
      throw failure(audience, error as Error);
    }
    throw failure(audience, new Error('no token came'));
  };
}

function failure(audience: string, error: Error & { readonly code?: string | number; readonly status?: number }): PipelineError {
  const passing = (error.status ?? 0) >= 500 || error.status === 429 || /^(ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT)/.test(String(error.code ?? ''));
  if (passing) return new PipelineError('UNAVAILABLE', `Google Cloud gave no identity token for ${audience}: ${error.message}. Try again later.`, { cause: error });
  return new PipelineError(
    'INVALID_CONFIG',
    `There is no identity token for ${audience}: ${error.message.slice(0, 300).replace(/[.\s]+$/, '')}. Give the service an account on Google Cloud, or name a service account's file in GOOGLE_APPLICATION_CREDENTIALS; a person's log-in (gcloud auth application-default login) has none.`,
    { cause: error },
  );
}

/** What google-auth-library says where there are no credentials, or none that it can use. */
const NONE = /default credentials|invalid_grant|invalid_client|invalid_rapt|Unable to impersonate|Could not refresh access token|The file at .* does not exist|Unable to read the credential file|incoming JSON object does not (contain|have)|DECODER routines/i;
/** The same of a server of tokens that was away, or failed. */
const AWAY = /Could not refresh access token.*(status code (408|429|5\d\d)|ECONN|ETIMEDOUT|EAI_AGAIN|socket hang up|network|timeout)/is;

/** Whether a call failed since there are no credentials that can be used: to try again does not help. */
export function isWithoutCredentials(message: string): boolean {
  return NONE.test(message) && !AWAY.test(message);
}

/** Whether a call failed since the server that gives tokens (on Cloud Run the metadata server) did not answer, or failed: to try again may help. */
export function isLoginAway(message: string): boolean {
  return AWAY.test(message);
}

/** What google-auth-library says where there are no credentials, or none that it can use. */
const NONE = /default credentials|invalid_grant|invalid_client|invalid_rapt|Unable to impersonate|Could not refresh access token|The file at .* does not exist|Unable to read the credential file|incoming JSON object does not (contain|have)|DECODER routines/i;
const REFRESH = /Could not refresh access token/i;
/** What passes, in the words of one of the library's versions; another one has it as the error's status. */
const PASSING = /status code (408|429|5\d\d)|ECONN|ETIMEDOUT|EAI_AGAIN|socket hang up|network|timeout/i;

/** Whether a call failed since there are no credentials that can be used: to try again does not help. `status`: the error's, 0 where it has none. */
export function isWithoutCredentials(message: string, status = 0): boolean {
  return NONE.test(message) && !isLoginAway(message, status);
}

/** Whether a call failed since the server that gives tokens (on Cloud Run the metadata server) did not answer, or failed: to try again may help. */
export function isLoginAway(message: string, status = 0): boolean {
  return REFRESH.test(message) && (PASSING.test(message) || status === 408 || status === 429 || status >= 500);
}

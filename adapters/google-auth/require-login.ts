/** What a client of one of Google's REST APIs logs in with, as its package exposes it. */
export interface LoggedIn<Options> {
  readonly authClient: { authorizeRequest(options: Options): Promise<Options> };
}

const WITHOUT = 'Could not load the default credentials';

/** Lets the client ask nothing where there are no credentials. By itself it sends such a request without any, and where that gets no answer, nothing says what is missing. Returns the client. */
export function requireLogin<Options, Client extends LoggedIn<Options>>(client: Client): Client {
  const { authClient } = client;
  const authorize = authClient.authorizeRequest.bind(authClient);
  authClient.authorizeRequest = (options) => authorize(options).catch((error: unknown) => {
    if (!(error instanceof Error) || !error.message.includes(WITHOUT)) throw error;
    throw new Error('The default credentials were not found.', { cause: error }); // in other words, by which the client knows that it may go on
  });
  return client;
}

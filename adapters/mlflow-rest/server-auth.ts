/** How a caller shows who it is. The values come from the environment and are never printed. */
export type ServerAuth =
  | { readonly type: 'none' }
  | { readonly type: 'basic'; readonly user: string; readonly password: string }
  | { readonly type: 'token'; readonly token: string };

/** The headers that MLflow's own clients send: HTTP basic authentication, or a bearer token. */
export function authHeaders(auth: ServerAuth): Record<string, string> {
  if (auth.type === 'none') return {};
  return { authorization: auth.type === 'token' ? `Bearer ${auth.token}` : `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}` };
}

/** A text that came from the server, without the secrets that it may repeat. */
export function withoutSecrets(text: string, auth: ServerAuth): string {
  const header = authHeaders(auth)['authorization']?.split(' ')[1];
  const secrets = [header, auth.type === 'basic' ? auth.password : undefined, auth.type === 'token' ? auth.token : undefined];
  return secrets.reduce<string>((clean, secret) => (secret === undefined || secret === '' ? clean : clean.replaceAll(secret, '***')), text);
}

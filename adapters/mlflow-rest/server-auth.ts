/** How a caller shows who it is. The values come from the environment and are never printed. */
export type ServerAuth =
  | { readonly type: 'none' }
  | { readonly type: 'basic'; readonly user: string; readonly password: string }
  | { readonly type: 'token'; readonly token: string }
  /** An identity token of Google Cloud, as Cloud Run asks for; `token` gives one that is still good for some minutes. */
  | { readonly type: 'google_identity'; readonly token: () => Promise<string> };

/** The headers that MLflow's own clients send: HTTP basic authentication, or a bearer token. */
export async function authHeaders(auth: ServerAuth): Promise<Record<string, string>> {
  if (auth.type === 'none') return {};
  if (auth.type === 'basic') return { authorization: `Basic ${basicValue(auth)}` };
  return { authorization: `Bearer ${auth.type === 'token' ? auth.token : await auth.token()}` };
}

function basicValue({ user, password }: { readonly user: string; readonly password: string }): string {
  return Buffer.from(`${user}:${password}`).toString('base64');
}

/** A text that came from the server, without the secrets that it may repeat. */
export function withoutSecrets(text: string, auth: ServerAuth): string {
  if (auth.type === 'google_identity') return text.replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, '***'); // whichever token it was
  const secrets = auth.type === 'basic' ? [basicValue(auth), auth.password] : auth.type === 'token' ? [auth.token] : [];
  return secrets.reduce<string>((clean, secret) => (secret === '' ? clean : clean.replaceAll(secret, '***')), text);
}

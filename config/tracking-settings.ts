import { resolve } from 'node:path';
import type { ServerAuth } from '../adapters/mlflow-rest/server-auth.ts';
import { PipelineError } from '../domain/errors.ts';
import { defaulted, object, optional, required, type ObjectOf } from '../domain/validation/object.ts';
import { choice, isRecord, number, refuse, text, within, type Shape } from '../domain/validation/shape.ts';

/** The address may be printed, and secrets never are: so it holds none. */
const serverUri: Shape<string> = (value, spot) => {
  if (typeof value !== 'string' || !/^https?:\/\//.test(value) || !URL.canParse(value)) return refuse(spot, 'is not the address of an MLflow server', 'Write one such as https://mlflow.example.com.');
  const { username, password, search, hash } = new URL(value);
  if (username !== '' || password !== '') return refuse(spot, 'has a user or a password in it', 'Take them out, and set tracking.auth, user and password.');
  if (search !== '' || hash !== '') return refuse(spot, 'has a ? or # part', 'Write the address without it.');
  return value;
};

const files = { type: required(choice(['mlflow_files'])), folder: required(text()) };
const server = { type: required(choice(['mlflow_server'])), uri: required(serverUri), model_cache: defaulted(text(), './data/model-cache'), model_cache_gigabytes: optional(number({ above: 0 })) };
const withNone = { ...server, auth: defaulted(choice(['none']), 'none') };
const withBasic = { ...server, auth: required(choice(['basic'])), user: required(text()), password: required(text()) };
const withIdentity = { ...server, auth: required(choice(['google_identity'])), audience: optional(text()) };
const withToken = { ...server, auth: required(choice(['token'])), token: required(text()) };

export type TrackingSettings = ObjectOf<typeof files> | ObjectOf<typeof withNone> | ObjectOf<typeof withBasic> | ObjectOf<typeof withToken> | ObjectOf<typeof withIdentity>;
export type TrackingServer = Extract<TrackingSettings, { readonly type: 'mlflow_server' }>;

const types = choice(['mlflow_files', 'mlflow_server']);
const auths = choice(['none', 'basic', 'token', 'google_identity']);

/** `tracking`: MLflow's files in a folder, or an MLflow server; docs/mlflow.md says what each setting means. */
export const tracking: Shape<TrackingSettings> = (value, spot) => {
  if (!isRecord(value)) return object(files)(value, spot);
  if (value['type'] === 'mlflow_files') return object(files)(value, spot);
  if (value['type'] !== 'mlflow_server') return types(value['type'], within(spot, 'type')) as never; // says what it can be; the settings beside it depend on it
  const auth = value['auth'] === undefined ? 'none' : auths(value['auth'], within(spot, 'auth'));
  if (auth === 'basic') return object(withBasic)(value, spot);
  if (auth === 'token') return object(withToken)(value, spot);
  if (auth === 'google_identity') return object(withIdentity)(value, spot);
  return auth === 'none' ? object(withNone)(value, spot) : (auth as never); // it was refused
};

/** The folder of the file store. UNSUPPORTED, with where to look instead, when runs are kept by a server. */
export function fileStoreFolder(projectFolder: string, settings: TrackingSettings): string {
  if (settings.type === 'mlflow_files') return resolve(projectFolder, settings.folder);
  throw new PipelineError('UNSUPPORTED', `Runs are kept by the MLflow server ${settings.uri}, which has its own pages: open it in a browser. This command is for MLflow's files in a folder (tracking.type mlflow_files).`);
}

/** What gives identity tokens is loaded where it is set. */
export async function serverAuth(settings: TrackingServer): Promise<ServerAuth> {
  if (settings.auth === 'google_identity') {
    const { identityTokens } = await import('../adapters/google-auth/identity-token.ts');
    return { type: 'google_identity', token: identityTokens(settings.audience ?? new URL(settings.uri).origin) };
  }
  if (settings.auth === 'basic') return { type: 'basic', user: settings.user, password: settings.password };
  return settings.auth === 'token' ? { type: 'token', token: settings.token } : { type: 'none' };
}

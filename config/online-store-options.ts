import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { RedisOnlineStoreOptions } from '../adapters/redis/online-store.ts';
import { PipelineError } from '../domain/errors.ts';
import type { AppConfig } from './app-config.ts';

/** The settings `project` and `online_store` as the Redis adapter takes them; the certificate file is read. INVALID_CONFIG where it cannot be. */
export async function onlineStoreOptions(folder: string, { project, online_store: online }: Pick<AppConfig, 'project' | 'online_store'>): Promise<RedisOnlineStoreOptions> {
  const { host, port, layout, topology, database, user, password } = online;
  return {
    project,
    host,
    port,
    keyTtlSeconds: online.key_ttl_seconds,
    ...(layout === undefined ? {} : { layout }),
    ...(topology === undefined ? {} : { topology }),
    ...(online.other_nodes === undefined ? {} : { otherNodes: online.other_nodes }),
    ...(database === undefined ? {} : { database }),
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(online.replicas_to_wait === undefined ? {} : { replicasToWait: online.replicas_to_wait }),
    ...(online.tls === undefined ? {} : { tls: true, ...(await authorityOf(folder, online.tls.ca_file)) }),
  };
}

async function authorityOf(folder: string, file: string | undefined): Promise<Pick<RedisOnlineStoreOptions, 'certificateAuthority'>> {
  if (file === undefined) return {};
  const path = resolve(folder, file);
  const certificateAuthority = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new PipelineError('INVALID_CONFIG', `online_store.tls.ca_file: ${path} cannot be read (${cause.message}). It must be the PEM file of the authority that signed the certificate of Redis.`, { cause });
  });
  return { certificateAuthority };
}

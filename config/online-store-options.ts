import { resolve } from 'node:path';
import type { RedisOnlineStoreOptions } from '../adapters/redis/online-store.ts';
import type { AppConfig } from './app-config.ts';
import { readAuthority } from './authority-file.ts';

/** The settings `project` and `online_store` as the Redis adapter takes them. The certificate file is read when Redis is first spoken to: what does not use it needs none. */
export function onlineStoreOptions(folder: string, { project, online_store: online }: Pick<AppConfig, 'project' | 'online_store'>): RedisOnlineStoreOptions {
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
    ...(online.tls === undefined ? {} : { tls: true, ...authority(folder, online.tls.ca_file) }),
  };
}

function authority(folder: string, file: string | undefined): Pick<RedisOnlineStoreOptions, 'certificateAuthority'> {
  return file === undefined ? {} : { certificateAuthority: () => readAuthority(resolve(folder, file), 'online_store.tls.ca_file') };
}

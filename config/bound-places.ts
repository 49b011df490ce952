import { resolve } from 'node:path';
import type { BoundPlace, BoundPlaces } from '../ports/probe.ts';
import { isOverLocalStack, readEnvironmentFile, type Project } from './load-config.ts';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)(:\d+)?$/;

/** Where each port of the environment leads, for people: no user, no password. */
export function boundPlaces({ folder, environment, config }: Project): BoundPlaces {
  const file = `config/environments/${environment}.yaml`;
  const place = (where: string, setting: string, host = ''): BoundPlace => ({ where, cure: `${LOOPBACK.test(host) ? 'Run: ml-pipeline stack up. Or mend' : 'Mend'} \`${setting}\` in ${file}.` });
  const { warehouse, registry, online_store: online, artifacts, tracking, temporal } = config;
  const database = warehouse.type === 'postgres' ? { where: `${warehouse.host}:${warehouse.port}/${warehouse.database}`, host: warehouse.host } : { where: `BigQuery, ${warehouse.project}, ${warehouse.location}`, host: '' };
  return {
    warehouse: place(database.where, 'warehouse', database.host),
    registry: registry.type === 'feast_sql' ? place(`${database.where}, schema ${registry.schema}`, 'registry', database.host) : place(registry.path, 'registry'),
    onlineStore: place(`${online.host}:${online.port}${online.tls === undefined ? '' : ', TLS'}`, 'online_store', online.host),
    artifacts: place(artifacts.type === 'file' ? resolve(folder, artifacts.folder) : `gs://${artifacts.buckets.data.name}`, 'artifacts'),
    tracking: place(tracking.type === 'mlflow_files' ? resolve(folder, tracking.folder) : tracking.uri, 'tracking'),
    temporal: place(`${temporal.address}, namespace ${temporal.namespace}`, 'temporal', temporal.address),
  };
}

/** Whether the environment is over the servers of `ml-pipeline stack`. Needs no variable that the file names; where the file cannot be read it counts as such. */
export async function usesLocalStack(start: string): Promise<boolean> {
  const { value } = await readEnvironmentFile(start).catch(() => ({ value: undefined }));
  return isOverLocalStack(value);
}

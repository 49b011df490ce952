import { createServer } from 'node:http';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startTlsRedisCluster } from '../../test/support/redis-servers.ts';
import type { Bench } from '../run.ts';
import { startStorage } from './storage-server.ts';

/** What the settings of the cloud name, on this machine, and the settings that name it. */
export interface CloudStandIns {
  /** Those of warehouse, registry, online store, artifacts, logs and telemetry. */
  readonly settings: Readonly<Record<string, object>>;
  stop(): Promise<void>;
}

/**
 * A Redis Cluster with TLS and an ACL user, a stand-in for Cloud Storage (`storageCommand`) that holds no registry yet, and a collector of metrics and traces that throws them away. BigQuery is nowhere: a server of predictions
 * asks it nothing.
 */
export async function startCloudStandIns({ root, folder }: Bench, storageCommand: string): Promise<CloudStandIns> {
  const bucket = 'bench-artifacts';
  const storage = await startStorage(storageCommand, bucket);
  const redis = await startTlsRedisCluster(join(process.env['ML_PIPELINE_TOOLS'] ?? join(root, '.tools'), 'bin'));
  const collector = createServer((request, response) => void request.resume().once('end', () => response.end())).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const authority = join(folder, 'redis-authority.pem');
  await writeFile(authority, redis.certificateAuthority);
  const [project, location, nowhere] = ['bench-project', 'us-central1', 'http://127.0.0.1:1'];
  const name = { name: bucket };
  return {
    settings: {
      warehouse: { type: 'bigquery', project, location, datasets: { raw: 'raw_events', feature_mart: 'feature_mart', spine: 'spine_data', registry: 'feast_registry' }, maximum_bytes_billed: 2 ** 30, api_endpoint: nowhere, grpc_endpoint: nowhere },
      registry: { type: 'feast_file', path: `gs://${bucket}/feast/registry.db`, api_endpoint: storage.url, table: { project, dataset: 'feast_registry', location, api_endpoint: nowhere } },
      online_store: { type: 'redis', topology: 'cluster', host: 'localhost', port: redis.nodes[0]!.port, user: redis.user, password: redis.password, tls: { ca_file: authority }, key_ttl_seconds: 86_400 },
      artifacts: { type: 'gcs', project, buckets: { data: name, artifacts: name, logs: name }, cache: { folder: './data/cache', max_gigabytes: 1 }, api_endpoint: storage.url },
      logs: { folder: './logs', format: 'cloud_logging', project },
      telemetry: { type: 'otlp', endpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`, sample_ratio: 0.1 },
    },
    stop: async () => {
      collector.closeAllConnections();
      collector.close();
      await Promise.all([storage.stop(), redis.close()]);
    },
  };
}

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import { startServer } from '../../adapters/local-stack/server-process.ts';
import type { ServerProcess } from '../../adapters/local-stack/server-process.ts';
import { TOOLS, allStarted, serverGroup } from './server-group.ts';

/** Stand-ins for Google Cloud's services on 127.0.0.1. */
export interface CloudServers {
  /** BigQuery's REST API: the setting `api_endpoint`. */
  readonly bigqueryUrl: string;
  /** host:port of BigQuery's Storage Read and Write APIs, gRPC without TLS: the setting `grpc_endpoint`. */
  readonly bigqueryGrpc: string;
  /** Cloud Storage's JSON API: the setting `api_endpoint`. */
  readonly gcsUrl: string;
  readonly project: string;
}

const PROJECT = 'test-proj';

/** The stand-ins of `scripts/install_tools.sh cloud`. They hold what is written in memory or in a folder of the run: use names of your own, and remove what you make. */
export const cloudServerGroup = serverGroup<CloudServers>({
  name: 'cloud-servers',
  variable: 'ML_PIPELINE_CLOUD_SERVERS',
  signals: { bigquery: 'SIGTERM', gcs: 'SIGTERM' },
  ports: ({ bigqueryUrl, bigqueryGrpc, gcsUrl }) => [new URL(bigqueryUrl).port, bigqueryGrpc.split(':')[1], new URL(gcsUrl).port].map(Number),
  start,
});

/** Every caller of one run gets the same servers: given by ML_PIPELINE_CLOUD_SERVERS (JSON), shared (`scripts/test-servers.ts start`), or started for the run. */
export function cloudServers(): Promise<CloudServers> {
  return cloudServerGroup.find();
}

async function start(folder: string): Promise<CloudServers> {
  const tools = join(TOOLS, 'cloud');
  if (!existsSync(join(tools, '.installed'))) throw new Error(`What stands in for Google Cloud in tests is not in ${tools}: run scripts/install_tools.sh cloud`);
  const [rest, grpc, gcs] = (await findFreePorts(3)) as [number, number, number];
  const servers = { bigqueryUrl: `http://127.0.0.1:${rest}`, bigqueryGrpc: `127.0.0.1:${grpc}`, gcsUrl: `http://127.0.0.1:${gcs}`, project: PROJECT };
  await mkdir(join(folder, 'bigquery'));
  await allStarted([startServer(storageServer(tools, folder, gcs)), startServer(bigqueryServer(tools, folder, rest, grpc, servers.gcsUrl))]);
  return servers;
}

function storageServer(tools: string, folder: string, port: number): ServerProcess {
  const url = `http://127.0.0.1:${port}`;
  return {
    name: 'fake-gcs-server',
    command: join(tools, 'bin', 'fake-gcs-server'),
    // The public host is its own address: BigQuery's stand-in reads objects by their path there.
    args: ['-scheme', 'http', '-backend', 'memory', '-host', '127.0.0.1', '-port', String(port), '-external-url', url, '-public-host', `127.0.0.1:${port}`, '-log-level', 'warn'],
    ports: [{ port, setting: 'ML_PIPELINE_CLOUD_SERVERS' }],
    logFile: join(folder, 'gcs.log'),
    recordFile: join(folder, 'gcs.json'),
    workingFolder: folder,
    stopSignal: 'SIGTERM',
    answers: async () => {
      await answersOk(await fetch(`${url}/storage/v1/b?project=${PROJECT}`));
    },
  };
}

function bigqueryServer(tools: string, folder: string, port: number, grpcPort: number, gcsUrl: string): ServerProcess {
  return {
    name: 'local-bigquery',
    command: join(tools, 'bin', 'python'),
    args: [
      join(tools, 'bin', 'local-bigquery'), 'serve', '--host', '127.0.0.1', '--port', String(port), '--grpc-port', String(grpcPort),
      '--project', PROJECT, '--data-dir', join(folder, 'bigquery'),
    ],
    // DuckDB finds its extensions under the home folder.
    environment: { HOME: join(tools, 'home'), STORAGE_EMULATOR_HOST: gcsUrl },
    ports: [{ port, setting: 'ML_PIPELINE_CLOUD_SERVERS' }],
    logFile: join(folder, 'bigquery.log'),
    recordFile: join(folder, 'bigquery.json'),
    workingFolder: folder,
    stopSignal: 'SIGTERM',
    // It accepts connections before it can answer.
    answers: async () => {
      const body = JSON.stringify({ query: 'SELECT 1', useLegacySql: false });
      const answer = await fetch(`http://127.0.0.1:${port}/bigquery/v2/projects/${PROJECT}/queries`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
      const { jobComplete } = (await answersOk(answer)) as { jobComplete?: boolean };
      if (jobComplete !== true) throw new Error('its first query is not complete');
    },
  };
}

async function answersOk(answer: Response): Promise<unknown> {
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

/** The workflow `materializeFeatures` of one view, from PostgreSQL to Redis, by a worker that runs in this process. */
import { Client, Connection } from '@temporalio/client';
import type { AppConfig } from '../../config/app-config.ts';
import { createFeastSqlRegistry } from '../../adapters/feast/registry/sql-registry.ts';
import { startWorkers } from '../../workers/main.ts';
import type { MaterializeFeaturesResult } from '../../workflows/materialize-features.ts';
import { childTask, timed } from '../support/child-task.ts';
import { connectionParts } from '../support/connections.ts';
import { KEY_TTL_SECONDS, PROJECT, wideRepository } from '../support/wide-table.ts';

interface Options {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly temporalAddress: string;
  readonly folder: string;
  readonly table: string;
}

/** `seconds`: from the start of the workflow to its result. */
await childTask(async (options: Options) => {
  const config = configOf(options);
  const registry = createFeastSqlRegistry({ connectionString: options.postgresUrl, schema: 'feast_registry', project: PROJECT });
  await registry.apply(wideRepository(options.table));
  await registry.close();
  const log = { info: () => undefined, warn: console.error, error: console.error };
  const workers = await startWorkers({ folder: options.folder, environment: 'bench', config }, log);
  const connection = await Connection.connect({ address: options.temporalAddress });
  const client = new Client({ connection });
  const start = { taskQueue: config.temporal.task_queue, workflowId: config.temporal.task_queue, args: [{ views: ['wide'] }] };
  const [seconds, result] = await timed(() => client.workflow.execute<(input: object) => Promise<MaterializeFeaturesResult>>('materializeFeatures', start as never));
  await workers.stop();
  await connection.close();
  return { seconds, written: result.views[0]!.written };
});

function configOf({ postgresUrl, redisUrl, temporalAddress }: Options): AppConfig {
  const [{ hostname, port, password }, name] = [new URL(redisUrl), `bench-${process.pid}-${Date.now()}`];
  return {
    project: PROJECT,
    warehouse: { type: 'postgres', ...connectionParts(postgresUrl) },
    registry: { type: 'feast_sql', schema: 'feast_registry' },
    online_store: { type: 'redis', host: hostname, port: Number(port), password, key_ttl_seconds: KEY_TTL_SECONDS },
    artifacts: { type: 'file', folder: 'data' },
    tracking: { type: 'mlflow_files', folder: 'mlruns' },
    temporal: { address: temporalAddress, namespace: 'default', task_queue: name, ui: 'http://127.0.0.1' },
    api: { host: '127.0.0.1', port: 1, model: 'models:/none@champion' },
    logs: { folder: 'logs' },
    training: {},
  };
}

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRestTracker } from '../../adapters/mlflow-rest/rest-tracker.ts';
import type { FittedModel, Tree } from '../../domain/model/fitted-model.ts';
import { registerModel } from '../../test/api/model-fixture.ts';
import type { Bench } from '../run.ts';
import { connectionParts } from './connections.ts';

/** A folder whose settings the API reads, with a model that is registered as `arrival`. */
export interface StartProject {
  readonly folder: string;
  /** As a new instance finds it: no model copied yet. */
  empty(): Promise<void>;
}

/** As large as gradient boosting makes them by default, three times over: 300 trees of 64 leaves. */
const [TREES, DEPTH] = [300, 6];
const INPUTS_OF_TREES = 14;

/** `mlflowUri`: where the model is; left out: in MLflow's files in the folder. `others`: settings in place of those of a laptop. */
export async function startProject({ folder: parent, servers }: Bench, mlflowUri?: string, others: Readonly<Record<string, object>> = {}): Promise<StartProject> {
  const folder = await mkdtemp(join(parent, 'start-'));
  const [redis, postgres] = [connectionParts(servers.redisUrl), connectionParts(servers.postgresUrl)];
  const modelCache = join(folder, 'data', 'model-cache');
  const settings = {
    project: 'start',
    warehouse: { type: 'postgres', ...postgres },
    registry: { type: 'feast_sql', schema: 'feast_registry' },
    online_store: { type: 'redis', host: redis.host, port: redis.port, password: redis.password, key_ttl_seconds: 86_400 },
    artifacts: { type: 'file', folder: './data' },
    tracking: mlflowUri === undefined ? { type: 'mlflow_files', folder: './mlruns' } : { type: 'mlflow_server', uri: mlflowUri },
    temporal: { address: servers.temporalAddress, namespace: 'default', task_queue: 'start', ui: 'http://127.0.0.1:1' },
    api: { host: '127.0.0.1', port: 1, model: 'models:/arrival@champion' },
    logs: { folder: './logs' },
    ...others,
  };
  await mkdir(join(folder, 'config', 'environments'), { recursive: true });
  await writeFile(join(folder, 'config', 'environments', 'local.yaml'), JSON.stringify(settings), { mode: 0o600 });
  await mkdir(join(folder, 'mlruns'));
  const tracker = mlflowUri === undefined ? {} : { tracker: createRestTracker({ uri: mlflowUri, auth: { type: 'none' }, modelCache }) };
  await registerModel(join(folder, 'mlruns'), { fitted: largeModel(), ...tracker });
  return { folder, empty: () => rm(modelCache, { recursive: true, force: true }) };
}

function largeModel(): FittedModel {
  return { kind: 'trees', outputs: 3, aggregation: 'sum', link: 'softmax', trees: Array.from({ length: TREES }, (_, index) => fullTree(index)) };
}

/** Every leaf at the same depth; splits and leaves differ by the tree. */
function fullTree(index: number): Tree {
  const splits = 2 ** DEPTH - 1;
  const child = (node: number, side: 1 | 2): number => (2 * node + side < splits ? 2 * node + side : -(2 * node + side - splits) - 1);
  const nodes = Array.from({ length: splits }, (_, node) => node);
  return {
    splitFeature: Int32Array.from(nodes, (node) => (node + index) % INPUTS_OF_TREES),
    threshold: Float64Array.from(nodes, (node) => Math.sin(index + node)),
    leftChild: Int32Array.from(nodes, (node) => child(node, 1)),
    rightChild: Int32Array.from(nodes, (node) => child(node, 2)),
    missing: nodes.map(() => 'right'),
    categories: nodes.map(() => undefined),
    leafValue: Float64Array.from({ length: splits + 1 }, (_, leaf) => Math.cos(index + leaf) / TREES),
  };
}

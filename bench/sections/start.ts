import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import type { Bench } from '../run.ts';
import { measureStart, type ApiStart } from '../support/api-process.ts';
import { startCloudStandIns } from '../support/cloud-settings.ts';
import { startMlflow } from '../support/mlflow-server.ts';
import { goal, OTHERS_HEADER, othersCell, spread, type Section } from '../support/report.ts';
import { takeTurns, type Samples, type Way } from '../support/samples.ts';
import { startProject, type StartProject } from '../support/start-projects.ts';

const BODY = JSON.stringify({ instances: [{ entities: { origin: 'JFK', plane_id: 7 }, request: { distance: 1000, weekend: 0, meal: null } }] });
const [FILES, SERVER, CLOUD] = ['model in files', 'model on an MLflow server, empty model cache', 'settings of the cloud, model on an MLflow server, empty caches'] as const;
const [SECONDS, MEGABYTES] = [2, 1_536];

const TEXT = [
  "From the start of the API's process, compiled, to the last byte of its first prediction; the client asks every 5 ms. The process has one core (`taskset`), as on Cloud Run; Redis, PostgreSQL and MLflow's server have the machine's others too. The model has 300 trees of 64 leaves.",
  "Settings of the cloud: BigQuery, a registry on Cloud Storage (a stand-in, on loopback), a Redis Cluster with TLS, the log and the metrics and traces of the cloud (to a collector on loopback); BigQuery is not there, and Google's credentials are not asked for, which take a call more.",
  'One start of each is not counted: the files are in the memory of the operating system afterwards. Peak memory is that of the process, after a thousand predictions more.',
].join(' ');

/** How soon an instance of the API predicts. */
export async function start(bench: Bench): Promise<Section> {
  const ways: Way<ApiStart>[] = [way(FILES, await startProject(bench))];
  const tools = process.env['ML_PIPELINE_TOOLS'] ?? join(bench.root, '.tools');
  const [mlflow, storage] = [join(tools, 'mlflow', 'bin', 'mlflow'), join(tools, 'cloud', 'bin', 'fake-gcs-server')];
  const folder = join(bench.folder, 'mlflow-server');
  await mkdir(folder);
  const started: { stop(): Promise<void> }[] = [];
  try {
    if (existsSync(mlflow)) {
      const server = await startMlflow(mlflow, folder);
      started.push(server);
      ways.push(way(SERVER, await startProject(bench, server.uri)));
      if (existsSync(storage)) {
        const cloud = await startCloudStandIns(bench, storage);
        started.push(cloud);
        ways.push(way(CLOUD, await startProject(bench, server.uri, cloud.settings)));
      }
    }
    for (const one of ways) await one.run(); // not counted: it reads the files from the disk
    const taken = await takeTurns(ways, bench.repeats);
    const samples = [...taken.values()];
    const slowest = (read: (one: ApiStart) => number): number => Math.max(...samples.flatMap(({ results }) => results.map(read)));
    return {
      title: 'Start of the API',
      text: TEXT,
      tables: [{ caption: 'First prediction, on one core', header: ['', 'seconds', 'peak memory, MB', OTHERS_HEADER], rows: samples.map(row) }],
      goals: [
        goal('first prediction after the start of the process, slowest run', 'less than', SECONDS, 's', slowest(({ firstPrediction }) => firstPrediction / 1000), samples),
        goal('peak memory of the API', 'less than', MEGABYTES, 'MB', slowest(({ peakMegabytes }) => peakMegabytes), samples),
      ],
    };
  } finally {
    await Promise.all(started.map((one) => one.stop()));
  }
}

function way(name: string, project: StartProject): Way<ApiStart> {
  return {
    name,
    run: async () => {
      await project.empty();
      const [port] = (await findFreePorts(1)) as [number];
      return measureStart(join(import.meta.dirname, '..', '..'), { folder: project.folder, port, body: BODY });
    },
  };
}

function row(samples: Samples<ApiStart>): readonly string[] {
  return [samples.name, spread(samples.results.map(({ firstPrediction }) => firstPrediction / 1000), 2), spread(samples.results.map(({ peakMegabytes }) => peakMegabytes), 0), othersCell(samples)];
}

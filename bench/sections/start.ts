import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import type { Bench } from '../run.ts';
import { measureStart, type ApiStart } from '../support/api-process.ts';
import { startMlflow } from '../support/mlflow-server.ts';
import { goal, OTHERS_HEADER, othersCell, spread, type Section } from '../support/report.ts';
import { takeTurns, type Samples, type Way } from '../support/samples.ts';
import { startProject, type StartProject } from '../support/start-projects.ts';

const BODY = JSON.stringify({ instances: [{ entities: { origin: 'JFK', plane_id: 7 }, request: { distance: 1000, weekend: 0, meal: null } }] });
const [FILES, SERVER] = ['model in files', 'model on an MLflow server, empty model cache'] as const;
const [SECONDS, MEGABYTES] = [2, 1_536];

const TEXT = [
  "From the start of the API's process, compiled, to the last byte of its first prediction; the client asks every 5 ms. The process has one core (`taskset`), as on Cloud Run; Redis, PostgreSQL and MLflow's server have the machine's others too. The model has 300 trees of 64 leaves.",
  'Peak memory is that of the process, after a thousand predictions more.',
].join(' ');

/** How soon an instance of the API predicts. */
export async function start(bench: Bench): Promise<Section> {
  const ways: Way<ApiStart>[] = [way(FILES, await startProject(bench))];
  const mlflow = join(process.env['ML_PIPELINE_TOOLS'] ?? join(bench.root, '.tools'), 'mlflow', 'bin', 'mlflow');
  const folder = join(bench.folder, 'mlflow-server');
  await mkdir(folder);
  const server = existsSync(mlflow) ? await startMlflow(mlflow, folder) : undefined;
  try {
    if (server !== undefined) ways.push(way(SERVER, await startProject(bench, server.uri)));
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
    await server?.stop();
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

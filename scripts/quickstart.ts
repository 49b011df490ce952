/**
 * The part of `npm run quickstart` that comes after the servers and the data: features, training, materialization, the API and a prediction
 * for a flight that has yet to leave. Every step is a command that a user could type. Fails when a step fails, or when the prediction is made
 * with fewer than 12 features of the 16 present.
 */
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { readSettings } from '../adapters/local-stack/environment-file.ts';
import { stackPorts } from '../adapters/local-stack/settings.ts';
import type { PredictAnswer } from '../api/predict.ts';
import { bindPorts, closePorts } from '../config/bind-ports.ts';
import { postgresUrl } from '../config/warehouse-settings.ts';
import { loadProject, type Project } from '../config/load-config.ts';
import { MICROS_PER_SECOND } from '../domain/instant.ts';
import type { ProcessStatus } from '../ports/local-stack.ts';
import { answerProblems, curlCommand, type Flight, formatAnswer } from './quickstart-prediction.ts';

const RECIPE = 'models/classification/random_forest_classifier';
const MODEL = { name: 'flight_delay', alias: 'champion' } as const;
const DAY_SECONDS = 86_400;
/** The sample data move on by a week at a time. */
const REUSED_FOR_DAYS = 7;

/** Runs `work` under its title, and says how long it took. */
async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  console.log(`\n== ${title}`);
  const begin = performance.now();
  const result = await work();
  console.log(`   ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return result;
}

/** Shows the command and runs it, its output as it comes; rejects when it fails. */
async function command(...args: readonly string[]): Promise<void> {
  console.log(`$ npx ml-pipeline ${args.join(' ')}`);
  const child = spawn(process.execPath, [join(project.folder, 'bin', 'ml-pipeline.js'), ...args], { cwd: project.folder, stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`ml-pipeline ${args[0]} ended with exit code ${code}; its last lines are above.`);
}

/** Refuses at the start what would fail at the end: a port of the API or of MLflow's web UI that something else holds. */
async function refuseHeldPorts(): Promise<void> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(project.folder, 'bin', 'ml-pipeline.js'), 'stack', 'status', '--json'], { cwd: project.folder });
  const held = (JSON.parse(stdout) as { readonly processes: readonly ProcessStatus[] }).processes.filter(({ state }) => state === 'held');
  if (held.length > 0) throw new Error(held.map(({ process, address, detail }) => `${address}, where ${process} is to listen: ${detail}. End that, or set another ${process.toUpperCase()}_PORT in .env.`).join('\n'));
}

/** A version of the model that can be used again: made from the same recipe, a few days old at most. */
async function reusableModel(found: Project): Promise<string | undefined> {
  const ports = await bindPorts(found);
  try {
    const version = await ports.tracker.versionByAlias(MODEL.name, MODEL.alias);
    if (version === undefined) return undefined;
    const days = Number(ports.clock.now() - version.createdMicros) / MICROS_PER_SECOND / DAY_SECONDS;
    const { folder } = await ports.tracker.modelFolder(`models:/${MODEL.name}/${version.version}`);
    const { artifact } = await ports.modelPackager.read(folder);
    const { text } = await ports.recipes.load(RECIPE);
    if (artifact.recipe.text !== text || days > REUSED_FOR_DAYS) return undefined;
    return `models:/${MODEL.name}/${version.version}, trained ${days < 1 ? `${(days * 24).toFixed(1)} hours` : `${days.toFixed(1)} days`} ago from the same recipe, is used again (npm run quickstart -- --retrain trains anew).`;
  } finally {
    await closePorts(ports);
  }
}

async function train(): Promise<void> {
  const reusable = process.argv.includes('--retrain') ? undefined : await reusableModel(project);
  if (reusable === undefined) await command('train', '--recipe-file', RECIPE);
  else console.log(reusable);
}

/** The next flight to leave whose plane is known by type. */
async function upcomingFlight(): Promise<Flight> {
  const client = new pg.Client({ connectionString: postgresUrl(project.config.warehouse, 'the quickstart') });
  await client.connect();
  try {
    const { rows } = await client.query<Flight>(`
      SELECT f.carrier, f.flight, f.origin, f.dest, f.tailnum, f.distance, to_char(f.event_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') AS departure,
        extract(hour FROM f.event_timestamp AT TIME ZONE 'America/New_York')::int AS hour,
        extract(isodow FROM f.event_timestamp AT TIME ZONE 'America/New_York')::int AS weekday,
        extract(month FROM f.event_timestamp AT TIME ZONE 'America/New_York')::int AS month
      FROM raw_data.flights AS f
      WHERE f.event_timestamp > now() AND EXISTS (SELECT FROM feature_mart.plane_info AS p WHERE p.tailnum = f.tailnum AND p.year IS NOT NULL)
      ORDER BY f.event_timestamp, f.carrier, f.flight LIMIT 1`);
    const [flight] = rows;
    if (flight === undefined) throw new Error('raw_data.flights has no flight after now. Load the data anew: npx ml-pipeline data load');
    return flight;
  } finally {
    await client.end();
  }
}

async function predict(apiUrl: string): Promise<void> {
  const flight = await upcomingFlight();
  console.log(`Flight ${flight.carrier} ${flight.flight} from ${flight.origin} to ${flight.dest} with plane ${flight.tailnum}, leaving at ${flight.departure}: will it arrive more than 15 minutes late?`);
  const curl = curlCommand(apiUrl, flight);
  console.log(`$ ${curl}`);
  const { stdout } = await promisify(execFile)('bash', ['-c', curl]);
  const answer = JSON.parse(stdout) as PredictAnswer;
  console.log(formatAnswer(answer));
  const problems = answerProblems(answer);
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

async function showAddresses(addresses: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, url] of Object.entries(addresses)) {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${name}: ${url} answers ${response.status}`);
    console.log(`   ${name.padEnd(24)} ${url}`);
  }
}

const project = await loadProject(process.cwd());
const { api, temporal } = project.config;
const apiUrl = `http://${api.host}:${api.port}`;
try {
  await refuseHeldPorts();
  await step('Worker', () => command('stack', 'up', 'worker'));
  await step('Feature definitions', () => command('features', 'apply'));
  await step('Training', train);
  await step('Features to the online store', () => command('materialize'));
  await step('API and MLflow in the background', () => command('stack', 'up', 'worker', 'api', 'mlflow'));
  await step('A prediction', () => predict(apiUrl));
  const mlflowUrl = `http://127.0.0.1:${stackPorts(readSettings(project.folder, process.env)).MLFLOW_PORT}`;
  await step('To look at; they run on', () => showAddresses({ "Temporal's web UI": temporal.ui, "MLflow's web UI": mlflowUrl, 'API documentation': `${apiUrl}/docs` }));
} catch (error) {
  console.error(`quickstart: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

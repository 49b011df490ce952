import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { readSettings } from '../adapters/local-stack/environment-file.ts';
import { findToolsFolder } from '../adapters/local-stack/tools-folder.ts';
import type { Ports } from '../ports/ports.ts';
import { bindArtifactStore } from './bind-artifacts.ts';
import { bindTracker } from './bind-tracker.ts';
import { bindWarehouse } from './bind-warehouse.ts';
import type { Project } from './load-config.ts';
import { onlineStoreOptions } from './online-store-options.ts';
import { postgresUrl, templateSchemas } from './warehouse-settings.ts';

/**
 * The one table from settings to adapters. Each is loaded when it is bound, so that an environment loads only the SDKs that it uses.
 * The caller closes what it was given (`closePorts`). `ML_PIPELINE_LIGHTGBM`, in the environment or in .env: the file of LightGBM's library, instead of the installed one.
 */
export async function bindPorts({ folder, config }: Project, environment: NodeJS.ProcessEnv = process.env): Promise<Ports> {
  const artifactStore = await bindArtifactStore(folder, config.artifacts);
  const [{ createParquetDatasetStore }, { createOnnxModelGraphs }, { createYamlRecipeSource }, { createFeatureRepositorySource }, { createTrainer }, { createModelPackager }, { createSqlTemplates }, { createNpyMatrixStore }, { createTransformRunner }, { systemClock }] = await Promise.all([
    import('../adapters/parquet/dataset-store.ts'),
    import('../adapters/onnx/model-graphs.ts'),
    import('../adapters/yaml/recipe-source.ts'),
    import('../adapters/feature-repo/feature-repository-source.ts'),
    import('../adapters/trainers/trainer.ts'),
    import('../adapters/mlflow/model-packager.ts'),
    import('../adapters/templates/sql-templates.ts'),
    import('../adapters/file/matrix-store.ts'),
    import('../adapters/node-vm/transform-runner.ts'),
    import('../adapters/system/clock.ts'),
  ]);
  const recipesFolder = join(folder, 'recipes');
  return {
    clock: systemClock,
    artifactStore,
    datasetStore: createParquetDatasetStore(artifactStore),
    matrixStore: createNpyMatrixStore(artifactStore),
    modelGraphs: createOnnxModelGraphs(),
    recipes: createYamlRecipeSource(recipesFolder),
    featureRepository: createFeatureRepositorySource(join(folder, 'feature_repo')),
    sqlTemplates: createSqlTemplates({ folder: recipesFolder, dialect: config.warehouse.type, ...templateSchemas(config.warehouse) }),
    transformRunner: createTransformRunner(),
    trainer: createTrainer(findLightgbm(folder, environment)),
    modelPackager: createModelPackager(),
    keyTtlSeconds: config.online_store.key_ttl_seconds,
    trainingThreads: config.training.threads ?? availableParallelism(),
    ...(await bindServers(folder, config)),
  };
}

/** The file that ML_PIPELINE_LIGHTGBM names, or the one in the tool folder; where neither is, the trainer looks around the package. */
function findLightgbm(folder: string, environment: NodeJS.ProcessEnv): { readonly lightgbmLibrary?: string } {
  const { ML_PIPELINE_LIGHTGBM: named = '', ML_PIPELINE_TOOLS: tools = '' } = readSettings(folder, environment);
  if (named !== '') return { lightgbmLibrary: resolve(folder, named) };
  const installed = join(findToolsFolder({ projectFolder: folder, environment }), 'lightgbm', 'lib_lightgbm.so');
  return tools !== '' || existsSync(installed) ? { lightgbmLibrary: installed } : {};
}

/** The ports that hold connections or files open. */
type ServerPorts = 'warehouse' | 'onlineStore' | 'pushLog' | 'featureRegistry' | 'tracker';

async function bindServers(folder: string, config: Project['config']): Promise<Pick<Ports, ServerPorts>> {
  const { createRedisOnlineStore } = await import('../adapters/redis/online-store.ts');
  return {
    ...(await bindWarehouse(folder, config)),
    onlineStore: createRedisOnlineStore(onlineStoreOptions(folder, config)),
    featureRegistry: await bindFeatureRegistry(folder, config),
    tracker: await bindTracker(folder, config),
  };
}

async function bindFeatureRegistry(folder: string, config: Project['config']): Promise<Ports['featureRegistry']> {
  const { warehouse, registry, project } = config;
  if (registry.type === 'feast_file') return (await import('./bind-registry.ts')).bindFileRegistry(folder, registry, config);
  const { createFeastSqlRegistry } = await import('../adapters/feast/registry/sql-registry.ts');
  return createFeastSqlRegistry({ connectionString: postgresUrl(warehouse, 'registry.type feast_sql'), schema: registry.schema, project });
}

/** Closes every connection; safe to call twice. */
export async function closePorts(ports: Pick<Ports, ServerPorts>): Promise<void> {
  await Promise.allSettled([ports.warehouse.close(), ports.onlineStore.close(), ports.pushLog.close(), ports.featureRegistry.close(), ports.tracker.close()]);
}

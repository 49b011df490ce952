import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFeatureRepositorySource } from '../../../adapters/feature-repo/feature-repository-source.ts';
import { PipelineError } from '../../../domain/errors.ts';

const define = new URL('../../../domain/features/define.ts', import.meta.url).href;

function repositoryText(feature: string): string {
  return `import { defineFeatureRepository } from '${define}';
import { weather } from './weather.ts';
export default defineFeatureRepository({ entities: weather.entities, featureViews: [weather.view(${JSON.stringify(feature)})], featureServices: [] });
`;
}
const weatherText = `import { defineEntity, defineFeatureView } from '${define}';
import type { Entity } from '${define.replace('define.ts', 'definitions.ts')}';
const airport: Entity = defineEntity({ name: 'airport', joinKey: 'origin', valueType: 'String' });
export const weather = { entities: [airport], view: (name: string) => defineFeatureView({
  name: 'weather', entities: [airport], features: [{ name, type: 'Float64' }], ttlSeconds: null,
  source: { name: 's', table: 'feature_mart.weather', timestampField: 'event_timestamp' } }) };
`;

describe('the feature repository of a project', () => {
  let project: string;
  let folder: string;
  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), 'feature-repo-'));
    folder = join(project, 'feature_repo');
    await mkdir(folder);
    await writeFile(join(project, 'package.json'), '{"type":"module"}');
    await writeFile(join(folder, 'weather.ts'), weatherText);
  });
  afterEach(() => rm(project, { recursive: true }));

  async function refusal(): Promise<PipelineError> {
    const error: unknown = await createFeatureRepositorySource(folder).load().catch((reason: unknown) => reason);
    assert.ok(error instanceof PipelineError);
    return error;
  }

  it('is TypeScript, loaded as it is, and again after a change', async () => {
    await writeFile(join(folder, 'index.ts'), repositoryText('temp'));
    const source = createFeatureRepositorySource(folder);
    const first = await source.load();
    assert.deepEqual(first.featureViews[0]?.features, [{ name: 'temp', type: 'Float64' }]);
    assert.equal(await source.load(), first);
    await writeFile(join(folder, 'index.ts'), repositoryText('humidity'));
    assert.deepEqual((await source.load()).featureViews[0]?.features, [{ name: 'humidity', type: 'Float64' }]);
  });

  it('may stand in a package that does not say whether it is made of modules', async () => {
    await writeFile(join(project, 'package.json'), '{}');
    await writeFile(join(folder, 'index.ts'), repositoryText('temp'));
    assert.equal((await createFeatureRepositorySource(folder).load()).entities.length, 1);
  });

  it('is refused with every problem of a definition and the line where it stands', async () => {
    await writeFile(join(folder, 'index.ts'), repositoryText('origin'));
    const error = await refusal();
    assert.equal(error.code, 'INVALID_DEFINITION');
    assert.match(error.message, /^feature_repo\/weather\.ts:\d+: Feature view "weather" is not valid\./);
    assert.deepEqual(error.problems.map((problem) => problem.path), ['feature view weather.features.origin']);
  });

  it('is refused when the file is missing, broken or exports something else', async () => {
    const missing = await refusal();
    assert.equal(missing.code, 'NOT_FOUND');
    await writeFile(join(folder, 'index.ts'), "import './nothing.ts';");
    assert.match((await refusal()).message, /cannot be loaded .*nothing\.ts/);
    await writeFile(join(folder, 'index.ts'), 'export default { entities: [] };');
    assert.match((await refusal()).message, /does not export a feature repository\. Write: export default defineFeatureRepository/);
  });
});

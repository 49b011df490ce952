import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPriceList } from '../../config/prices.ts';
import { pricePerTib } from '../../domain/cost/price-list.ts';
import { ROOT } from '../cli/command.ts';

describe('Price files', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prices-'));
  });
  after(() => rm(folder, { recursive: true }));
  const own = async (name: string, change: (text: string) => string): Promise<string> => {
    const project = join(folder, name);
    await mkdir(join(project, 'config', 'prices'), { recursive: true });
    await cp(join(ROOT, 'config', 'prices', '2026-11.yaml'), join(project, 'config', 'prices', '2026-11.yaml'));
    await writeFile(join(project, 'config', 'prices', '2026-12.yaml'), change(await readFile(join(ROOT, 'config', 'prices', '2026-11.yaml'), 'utf8')));
    return project;
  };

  it('come with the package: BigQuery on demand, each price with its page and day', async () => {
    const list = await loadPriceList(folder);
    assert.equal(pricePerTib(list), 6.25);
    for (const [name, { source, read, region }] of Object.entries(list.prices)) assert.ok(source.startsWith('https://') && read <= list.as_of && region !== '', name);
  });

  it('say by a note what was assumed', async () => {
    const list = await loadPriceList(folder);
    for (const [name, { basis, note }] of [...Object.entries(list.prices), ...Object.values(list.redis_plans).flatMap((plans) => plans.map((plan) => [String(plan.megabytes), plan] as const))]) if (basis === 'assumption') assert.ok(note !== undefined, name);
  });

  it('can be the project\'s own: the newest by name counts', async () => {
    assert.equal(pricePerTib(await loadPriceList(await own('raised', (text) => text.replace('usd: 6.25', 'usd: 7.5')))), 7.5);
  });

  it('are refused with every problem and its line', async () => {
    const project = await own('wrong', (text) => text.replace('usd: 6.25, per: TiB', 'usd: -1, per: TB').replace('  egress:', '  egres:'));
    await assert.rejects(loadPriceList(project), (error: Error) => /INVALID_CONFIG/.test((error as Error & { code: string }).code) && /bigquery_query\.usd.*line 6/.test(error.message) && /bigquery_query\.per/.test(error.message) && /Did you mean "egress"/.test(error.message));
  });
});

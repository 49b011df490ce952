import assert from 'node:assert/strict';
import { measureBytes } from '../../activities/measure-bytes.ts';
import type { PlannedRead } from '../../ports/warehouse.ts';
import { createFixtureProject, fixtureRecipe, type FixtureProject } from '../support/fixture-project.ts';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

describe('The bytes of a recipe', function () {
  this.timeout(30_000);
  let project: FixtureProject;
  before(async () => {
    project = await createFixtureProject();
    await writeFile(join(project.folder, 'recipes', 'measured.yaml'), JSON.stringify(fixtureRecipe()));
  });
  after(() => project.remove());

  it('are those of its query and of each view for a training, and of each window for a materialization', async () => {
    const reads: PlannedRead[] = [];
    const processedBytes = (read: PlannedRead): Promise<number> => {
      reads.push(read);
      return Promise.resolve('query' in read ? 1_000_000 : read.newestRows.startMicros < 0 ? 10 : 1);
    };
    const { ports } = project;
    const { training, materialization } = await measureBytes({ ...ports, warehouse: Object.assign(Object.create(ports.warehouse) as typeof ports.warehouse, { processedBytes }) }, 'measured');
    const views = reads.filter((read) => 'newestRows' in read).map(({ newestRows: { view } }) => view.name);
    const distinct = new Set(views).size;
    assert.equal(reads.filter((read) => 'query' in read).length, 1);
    assert.ok(distinct >= 2 && training === 1_000_000 + 10 * distinct, `${training} of ${distinct} views`);
    assert.equal(views.length, 2 * distinct, 'the window of each view once, however many slices');
    assert.ok(materialization >= distinct && materialization <= 10 * distinct);
  });

  it('are not measured where the warehouse does not bill by them', async () => {
    await assert.rejects(measureBytes(project.ports, 'measured'), { code: 'UNSUPPORTED', message: /does not bill by bytes/ });
  });
});

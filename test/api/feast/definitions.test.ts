import assert from 'node:assert/strict';
import { holdDefinitions, type DefinitionsSource } from '../../../api/feast/definitions.ts';
import { FeastFault } from '../../../api/feast/faults.ts';
import { DEFINITIONS } from './harness.ts';

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe('definitions held for the feature routes', () => {
  let isAway: boolean;
  const source: DefinitionsSource = {
    contents: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve({ ...DEFINITIONS, views: [], dataSources: [], unusable: [] })),
  };
  beforeEach(() => {
    isAway = true;
  });

  it('are waited for beside a model: until the registry answers, what needs them is told to come back', async () => {
    const holder = await holdDefinitions(source, { project: 'shop', log: SILENT, isRequired: false });
    try {
      await assert.rejects(holder.look(), /away/);
      assert.throws(() => holder.current, (error: unknown) => error instanceof FeastFault && error.status === 503 && error.retryAfter === 5);
      isAway = false;
      await holder.refresh();
      await holder.look();
      assert.ok(holder.current.views.has('user_stats'));
    } finally {
      holder.close();
    }
  });

  it('stay as they are while the registry is away', async () => {
    isAway = false;
    const holder = await holdDefinitions(source, { project: 'shop', log: SILENT });
    try {
      const { current } = holder;
      isAway = true;
      await holder.refresh();
      await assert.rejects(holder.look(), /away/);
      assert.equal(holder.current, current);
    } finally {
      holder.close();
    }
  });

  it('are required where nothing else is served', async () => {
    await assert.rejects(holdDefinitions(source, { project: 'shop', log: SILENT }), /away/);
  });
});

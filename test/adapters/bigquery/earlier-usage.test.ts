import assert from 'node:assert/strict';
import { earlierUsage } from '../../../adapters/bigquery/earlier-usage.ts';
import { failure } from '../../contracts/warehouse.ts';
import { startJobs } from './jobs-stand-in.ts';
import type { JobsStandIn, StubJob } from './jobs-stand-in.ts';

describe('What earlier attempts cost on BigQuery', () => {
  let server: JobsStandIn | undefined;
  afterEach(async () => { await server?.stop(); server = undefined; });
  const usage = async (existing: Readonly<Record<string, StubJob>>): ReturnType<typeof earlierUsage> => {
    server = await startJobs({ existing });
    return earlierUsage(server.connection, ['query', 'numbering'], 'trying');
  };

  it('is that of the last job of each query that succeeded, and no job is made', async () => {
    const stopped = { errorResult: { reason: 'stopped', message: 'Job execution was cancelled: User requested cancellation' } };
    assert.deepEqual(await usage({ _0: stopped, _1: { bytesProcessed: '7', bytesBilled: '10485760' }, _2: stopped }), { bytesProcessed: 14, bytesBilled: 20_971_520 });
    assert.deepEqual(server!.inserted(), []);
  });

  it('is unknown where BigQuery has their jobs no more, or none that has succeeded', async () => {
    assert.equal(await usage({}), undefined);
    await server!.stop();
    assert.equal(await usage({ _0: { polls: 9 } }), undefined);
  });

  it('is asked for in vain where BigQuery cannot be reached, with what was wanted', async () => {
    const { connection, stop } = await startJobs({});
    await stop();
    await assert.rejects(earlierUsage(connection, ['query'], 'trying'), failure('UNAVAILABLE', /trying: looking for what it cost/));
  });
});

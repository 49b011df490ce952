import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBigQuery } from '../../../adapters/bigquery/connection.ts';
import { runQuery } from '../../../adapters/bigquery/run-query.ts';
import type { FinishedQuery, QueryRequest } from '../../../adapters/bigquery/run-query.ts';
import { failure } from '../../contracts/warehouse.ts';
import { apiError, startJobs } from './jobs-stand-in.ts';
import type { JobsStandIn } from './jobs-stand-in.ts';

type StubOptions = Parameters<typeof startJobs>[0];
const GONE = apiError(404, 'notFound', 'Not found: Table my-project:spine_data.x');
const DESTINATION = { projectId: 'my-project', datasetId: 'spine_data', tableId: 'x' };

describe('a query on BigQuery', () => {
  let server: JobsStandIn | undefined;
  afterEach(async () => { await server?.stop(); server = undefined; });

  const run = async (options: StubOptions, extra: Partial<QueryRequest> = {}): Promise<FinishedQuery> => {
    server = await startJobs(options);
    return runQuery(server.connection, { sql: 'SELECT @a AS a', parameters: { a: true }, step: 'trying', jobKey: 'run 1, step 2', ...extra });
  };
  const attempts = (): string[] => server!.inserted().map(({ jobReference }) => jobReference.jobId.split('_').at(-1)!);

  it('is one job with labels, location, limit and an id that comes from its step, and tells its bytes', async () => {
    const finished = await run({ jobs: [{ polls: 2, bytesProcessed: '1000', bytesBilled: '10485760' }] }, { destination: DESTINATION, clustering: ['k'], labels: { step: 'Training set', run: undefined } });
    assert.deepEqual({ ...finished, jobId: '' }, { jobId: '', destination: DESTINATION, rowCount: 7, bytesProcessed: 1000, bytesBilled: 10_485_760 });
    assert.match(finished.jobId, /^ml_pipeline_[0-9a-f]{40}_0$/);
    const [job] = server!.inserted();
    assert.deepEqual([job!.jobReference.location, job!.configuration['labels']], ['us-central1', { team: 'data_science', app: 'ml-pipeline', step: 'training_set' }]);
    const { query, maximumBytesBilled, queryParameters, destinationTable, clustering, useLegacySql } = job!.configuration['query'] as Record<string, unknown>;
    assert.deepEqual([query, maximumBytesBilled, destinationTable, clustering, useLegacySql], ['SELECT @a AS a', String(10 * 2 ** 30), DESTINATION, { fields: ['k'] }, false]);
    assert.deepEqual(queryParameters, [{ name: 'a', parameterType: { type: 'BOOL' }, parameterValue: { value: 'true' } }]);
    assert.ok(server!.asked.filter(({ path }) => path.includes(`/jobs/${finished.jobId}`)).every(({ path }) => path.includes('location=us-central1')));
  });

  it('gives its table so long to live, unless it has most of that before it', async () => {
    const hour = 3_600_000;
    const table = (expires: number | undefined) => () => ({ headers: { 'content-type': 'application/json' }, body: { numRows: '7', ...(expires === undefined ? {} : { expirationTime: String(Date.now() + expires) }) } });
    const times = async (expires: number | undefined): Promise<readonly number[]> => {
      await run({ table: table(expires) }, { destination: DESTINATION, expirationMillis: hour });
      const changes = server!.asked.filter(({ method, path }) => method === 'PATCH' && path.includes('/tables/x'));
      await server!.stop();
      return changes.map(({ text }) => Number((JSON.parse(text) as { readonly expirationTime: string }).expirationTime) - Date.now());
    };
    for (const expires of [undefined, hour / 3]) {
      const [left, ...others] = await times(expires);
      assert.ok(others.length === 0 && left! > hour / 2 && left! <= hour, String(left));
    }
    assert.deepEqual(await times(hour * 0.9), []);
  });

  it('is refused over budget, with bytes, price and cure, and nothing runs', async () => {
    await assert.rejects(run({ estimate: String(2 ** 40) }), failure('UNSUPPORTED', /trying: the query would process 1099\.51 GB \(US\$ 6\.25\), and the budget is 10\.74 GB \(US\$ 0\.06\) \(warehouse\.maximum_bytes_billed: 10737418240\)/, /This query was not run/));
    assert.deepEqual(server!.inserted(), []);
  });

  it('waits for the job of an earlier attempt and uses its result', async () => {
    const finished = await run({ existing: { _0: { polls: 1, bytesBilled: '5' } } });
    assert.deepEqual([finished.jobId.split('_').at(-1), finished.bytesBilled], ['0', 5]);
    assert.deepEqual(attempts(), ['0']);
  });

  it('is one job with one result for two processes that ask for it at once', async () => {
    server = await startJobs({ jobs: [{ polls: 3, bytesBilled: '5' }] });
    const other = openBigQuery(server.connection.settings);
    const request = { sql: 'SELECT 1', step: 'trying', jobKey: 'raced for' };
    const [one, two] = await Promise.all([runQuery(server.connection, request), runQuery(other, request)]);
    assert.deepEqual(one, two);
    assert.deepEqual([one.jobId.split('_').at(-1), one.bytesBilled, attempts()], ['0', 5, ['0', '0']], 'one of the two inserts is answered with 409');
  });

  it('is run anew by one of two processes whose common job of before has failed, and the other takes its result', async () => {
    server = await startJobs({ existing: { _0: { errorResult: { reason: 'stopped', message: 'Job execution was cancelled: User requested cancellation' } } }, jobs: [{ polls: 2 }] });
    const other = openBigQuery(server.connection.settings);
    const request = { sql: 'SELECT 1', step: 'trying', jobKey: 'raced for' };
    const ended = await Promise.all([runQuery(server.connection, request), runQuery(other, request)]);
    assert.deepEqual([ended.map(({ jobId }) => jobId.split('_').at(-1)), attempts().sort()], [['1', '1'], ['0', '0', '1', '1']]);
  });

  it('goes on to the next number where the earlier job failed, was cancelled, or has lost its result', async () => {
    const finished = await run({
      existing: { _0: { errorResult: { reason: 'backendError', message: 'Error encountered during execution.' } }, _1: { errorResult: { reason: 'stopped', message: 'Job execution was cancelled: User requested cancellation' } }, _2: {} },
      table: (index) => (index === 0 ? GONE : { headers: { 'content-type': 'application/json' }, body: { numRows: '3' } }),
    }, { destination: DESTINATION });
    assert.deepEqual([finished.jobId.split('_').at(-1), finished.rowCount], ['3', 3]);
    assert.deepEqual(attempts(), ['0', '1', '2', '3']);
  });

  it('goes on to the next number where the table is another one by now', async () => {
    const table = (): { headers: Record<string, string>; body: unknown } => ({ headers: { 'content-type': 'application/json' }, body: { numRows: '3', labels: { content: 'new' } } });
    const finished = await run({ existing: { _0: {} }, table }, { destination: DESTINATION, isOurs: ({ labels }) => labels?.['content'] === 'old' });
    assert.equal(finished.jobId.split('_').at(-1), '1');
  });

  it('is made again once when its job vanishes, and is UNAVAILABLE when that one vanishes too', async () => {
    assert.equal((await run({ jobs: [{ vanished: true }, {}] })).jobId.split('_').at(-1), '1');
    await server!.stop();
    await assert.rejects(run({ jobs: [{ vanished: true }, { vanished: true }] }), failure('UNAVAILABLE', /the job ml_pipeline_\w+_1 has vanished, as the one before it had/));
    assert.deepEqual(attempts(), ['0', '1']);
  });

  it('cancels its job on the server when the signal aborts', async () => {
    const controller = new AbortController();
    const running = run({ jobs: [{ polls: 1e9 }] }, { signal: controller.signal });
    while (server === undefined || !server.asked.some(({ method, path }) => method === 'GET' && path.includes('/jobs/'))) await sleep(5);
    controller.abort(new Error('enough'));
    await assert.rejects(running, /enough/);
    assert.equal(server.asked.filter(({ method, path }) => method === 'POST' && /\/jobs\/ml_pipeline_\w+_0\/cancel/.test(path)).length, 1);
  });

  it('ends with the reason of the abort, also where the server refuses to cancel', async () => {
    const controller = new AbortController();
    const running = run({ jobs: [{ polls: 1e9 }], cancel: () => apiError(404, 'notFound', 'Not found: Job') }, { signal: controller.signal });
    while (server === undefined || !server.asked.some(({ method, path }) => method === 'GET' && path.includes('/jobs/'))) await sleep(5);
    controller.abort(new Error('enough'));
    await assert.rejects(running, /enough/);
  });

  it('asks again after 429 and 5xx, and finds the job that it made where the answer was lost', async () => {
    const finished = await run({ insert: (index) => [apiError(503, 'backendError', 'Error encountered during execution. Retrying may solve the problem.'), apiError(429, 'rateLimitExceeded', 'Exceeded rate limits')][index] });
    assert.equal(finished.jobId.split('_').at(-1), '0');
    assert.deepEqual(attempts(), ['0', '0', '0']);
  });

  // cloud.google.com/bigquery/docs/error-messages, cloud.google.com/docs/authentication/troubleshoot-adc
  const REFUSALS: readonly (readonly [string, StubOptions, ...Parameters<typeof failure>])[] = [
    ['a missing permission', { insert: () => apiError(403, 'accessDenied', 'Access Denied: Project my-project: User does not have bigquery.jobs.create permission in project my-project.') }, 'INVALID_CONFIG', /Grant it roles\/bigquery\.jobUser .* my-project/, /bigquery\.jobs\.create/],
    ['a missing permission for a table', { dryRun: () => apiError(403, 'accessDenied', 'Access Denied: Table my-project:raw_events.flights: User does not have permission to query table') }, 'INVALID_CONFIG', /roles\/bigquery\.dataEditor/],
    ['refused credentials', { dryRun: () => apiError(401, 'authError', 'Request had invalid authentication credentials.') }, 'INVALID_CONFIG', /gcloud auth application-default login/, /service account/],
    ['a missing data set', { dryRun: () => apiError(404, 'notFound', 'Not found: Dataset my-project:raw_events was not found in location us-central1') }, 'NOT_FOUND', /a data set does not exist in us-central1/, /warehouse\.datasets/],
    ['a missing table', { dryRun: () => apiError(404, 'notFound', 'Not found: Table my-project:raw_events.x was not found in location us-central1') }, 'NOT_FOUND', /ml-pipeline data load/],
    ['data sets in two locations', { insert: () => apiError(400, 'invalid', 'Cannot read and write in different locations: source: US, destination: us-central1') }, 'INVALID_CONFIG', /warehouse\.location \(us-central1\)/],
    ['a location that there is not', { insert: () => apiError(400, 'invalid', 'Location us-central is not valid') }, 'INVALID_CONFIG', /warehouse\.location \(us-central1\)/],
    ['a quota that is used up', { insert: () => apiError(403, 'quotaExceeded', 'Quota exceeded: Your project exceeded quota for concurrent queries.') }, 'UNAVAILABLE', /a quota of the project my-project is used up/],
    ['a response that is too large, by HTTP status', { insert: () => apiError(403, 'responseTooLarge', 'Response too large to return. Consider specifying a destination table in your job configuration.') }, 'UNSUPPORTED', /needs more than BigQuery gives one query/],
    ['too many requests, again and again', { insert: () => apiError(429, 'rateLimitExceeded', 'Exceeded rate limits') }, 'UNAVAILABLE', /too many requests/],
    ['a server that fails again and again', { insert: () => apiError(503, 'backendError', 'Visibility check was unavailable.') }, 'UNAVAILABLE', /does not answer, or failed/],
    ['a text that is no query', { dryRun: () => apiError(400, 'invalidQuery', 'Syntax error: Unexpected identifier "FORM" at [1:10]') }, 'INVALID_TEMPLATE', /Unexpected identifier "FORM"/],
    ['a job over the limit', { jobs: [{ errorResult: { reason: 'bytesBilledLimitExceeded', message: 'Query exceeded limit for bytes billed: 10485760. 20971520 or higher required.' } }] }, 'UNSUPPORTED', /raise warehouse\.maximum_bytes_billed/, /20971520 or higher/],
    ['a job too large', { jobs: [{ errorResult: { reason: 'resourcesExceeded', message: 'Resources exceeded during query execution' } }] }, 'UNSUPPORTED', /needs more than BigQuery gives/],
    ['a job that somebody cancelled', { jobs: [{ errorResult: { reason: 'stopped', message: 'Job execution was cancelled: User requested cancellation' } }] }, 'UNAVAILABLE', /somebody cancelled/],
    ['a job that fails within', { jobs: [{ errorResult: { reason: 'backendError', message: 'An internal error occurred and the request could not be completed.' } }] }, 'UNAVAILABLE'],
  ];
  for (const [what, options, code, ...patterns] of REFUSALS) {
    it(`says what to do about ${what}`, async () => {
      await assert.rejects(run(options), (error: unknown) => failure(code, /^BigQuery, trying: /, ...patterns)(error));
    });
  }

  it('shows no value of a row', async () => {
    const message = 'Bad int64 value: secret-987; error in SELECT clause';
    await assert.rejects(run({ jobs: [{ errorResult: { reason: 'invalidQuery', message } }] }), (error: Error) => failure('INVALID_DATA', /SAFE_CAST/)(error) && !error.message.includes('987'));
  });
});

describe('BigQuery that cannot be reached', () => {
  it('is UNAVAILABLE, with the setting to look at', async () => {
    const server = await startJobs({});
    await server.stop();
    await assert.rejects(runQuery(server.connection, { sql: 'SELECT 1', step: 'trying', jobKey: 'x' }), failure('UNAVAILABLE', /warehouse\.api_endpoint/));
  });
});

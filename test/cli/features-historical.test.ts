import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeProject, runCommand, startCommand, writeDefinitions, type Finished } from './command.ts';

describe('ml-pipeline features historical', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let client: pg.Client;
  let project: Awaited<ReturnType<typeof makeProject>>;

  before(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`CREATE SCHEMA feature_mart; CREATE SCHEMA raw_data;
      CREATE TABLE feature_mart.counters AS SELECT g::bigint AS customer_id, timestamptz '2026-01-01T00:00:00Z' AS event_timestamp, timestamptz '2026-01-02T00:00:00Z' AS created_timestamp, g * 10 AS visits FROM generate_series(1, 9) AS g;
      CREATE TABLE raw_data.asked AS SELECT 3::bigint AS customer_id, timestamp '2026-01-01 12:00:00' AS event_timestamp`);
    project = await makeProject({ postgresUrl: database.url });
    await writeDefinitions(project.folder, { visits: 'Int64' });
    const applied = await runCommand(project.folder, 'features', 'apply');
    assert.equal(applied.code, 0, applied.stderr);
  });
  after(async () => {
    await client.end();
    await project.remove();
    await database.drop();
  });

  const historical = (...args: readonly string[]): Promise<Finished> => runCommand(project.folder, 'features', 'historical', '--output', 'out.parquet', ...args);
  const written = async (file = 'out.parquet'): Promise<readonly Record<string, unknown>[]> => parquetReadObjects({ file: await asyncBufferFromFile(join(project.folder, file)) });
  const writeParquet = (file: string, columnData: ColumnSource[]): Promise<void> => writeFile(join(project.folder, file), Buffer.from(parquetWriteBuffer({ columnData })));
  const spines = async (): Promise<number> => Number((await client.query<{ count: string }>("SELECT count(*) FROM pg_tables WHERE schemaname = 'spine_data'")).rows[0]!.count);

  it('joins a CSV file by both strategies: every row once, by time, its other columns typed by their values', async () => {
    await writeFile(join(project.folder, 'spine.csv'), '\uFEFFcustomer_id,event_timestamp,note,amount,code,flag\r\n2,2026-01-01T12:00:00+02:00,"a, ""b""\nc",1.5,007,true\r\n1,2026-01-01 10:00:00Z,,2,12,false\n,2026-01-03T00:00:00.5Z,"",3,12,true\n7,2026-01-02T00:00:00Z,x,4,12,\n8,2026-01-02T00:00:00.000001Z,x,4,12,\n');
    const expected = [
      { customer_id: 1n, note: null, amount: 2, code: '12', flag: false, visits: 10n }, { customer_id: 2n, note: 'a, "b"\nc', amount: 1.5, code: '007', flag: true, visits: 20n },
      { customer_id: 7n, note: 'x', amount: 4, code: '12', flag: null, visits: 70n }, { customer_id: 8n, note: 'x', amount: 4, code: '12', flag: null, visits: null },
      { customer_id: null, note: '', amount: 3, code: '12', flag: true, visits: null },
    ];
    for (const strategy of ['warehouse', 'snapshot']) {
      const { code, stdout, stderr } = await historical('--spine', 'spine.csv', '--service', 'counting_v1', '--strategy', strategy, '--json');
      assert.equal(code, 0, stdout + stderr);
      const { rows, strategy: used } = JSON.parse(stdout) as { rows: number; strategy: string };
      assert.deepEqual([rows, used], [5, strategy]);
      assert.deepEqual((await written()).map(({ event_timestamp: at, ...row }) => { assert.ok(at instanceof Date); return row; }), expected);
    }
    assert.equal(await spines(), 0);
  });

  it('takes what it wrote as a spine, a table, and a template with parameters', async () => {
    const again = await runCommand(project.folder, 'features', 'historical', '--spine', 'raw_data.asked', '--features', 'counters:visits', '--output', 'first.parquet');
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /1 row, 3 columns, joined by/);
    const { code, stderr } = await historical('--spine', 'first.parquet', '--features', 'counters:visits');
    assert.equal(code, 2, stderr);
    assert.match(stderr, /column name "visits" is taken already/);
    await writeFile(join(project.folder, 'recipes', 'sql', 'asked.sql.j2'), 'SELECT customer_id, event_timestamp FROM {{ source("raw", "asked") }} WHERE customer_id < {{ below }}');
    const template = await historical('--spine', 'sql/asked.sql.j2', '--parameter', 'below=4', '--features', 'counters:visits');
    assert.equal(template.code, 0, template.stderr);
    assert.deepEqual((await written()).map(({ customer_id: id, visits }) => [id, visits]), [[3n, 30n]]);
  });

  it('leaves out with --as-known what was not known yet', async () => {
    const { code, stderr } = await historical('--spine', 'raw_data.asked', '--features', 'counters:visits', '--as-known');
    assert.equal(code, 0, stderr);
    assert.deepEqual((await written()).map(({ visits }) => visits), [null]);
  });

  it('refuses a bad spine file with the numbers of its rows, all at once, and writes nothing', async () => {
    await writeFile(join(project.folder, 'bad.csv'), 'customer_id,event_timestamp\n1,2026-01-01T00:00:00Z\nx,2026-01-01T00:00:00Z\n2,yesterday\n3,0001-01-01T00:00:00Z\n4,9999-01-01T00:00:00Z\n5,\n6,2026-01-01T10:00:00\n7,2026-01-01\n');
    const { code, stderr } = await runCommand(project.folder, 'features', 'historical', '--spine', 'bad.csv', '--features', 'counters:visits', '--output', 'bad.parquet');
    assert.equal(code, 2);
    for (const text of [/row 2, column customer_id: the value does not fit Int64/, /row 3, column event_timestamp: it is no instant/, /row 4.*year 1700/, /row 5.*future/, /row 6.*no event timestamp/, /row 7, column event_timestamp: it has no time zone.*2026-11-23T10:00:00Z/, /row 8.*no time zone/]) assert.match(stderr, text);
    assert.ok(!(await readdir(project.folder)).some((file) => file.includes('bad.parquet')));
  });

  it('refuses a spine that is wrong with exit code 2 whatever its form: Parquet, a table, a template', async () => {
    const now = new Date();
    await writeParquet('future.parquet', [{ name: 'customer_id', data: [1n, 2n] }, { name: 'event_timestamp', data: [new Date('2026-01-01'), new Date(now.getTime() + 864e5)] }]);
    await writeParquet('keys.parquet', [{ name: 'customer_id', data: ['x'] }, { name: 'event_timestamp', data: [new Date('2026-01-01')] }]);
    await writeParquet('column.parquet', [{ name: 'customer', data: [1n] }, { name: 'event_timestamp', data: [new Date('2026-01-01')] }]);
    await writeFile(join(project.folder, 'text.parquet'), 'customer_id,event_timestamp\n');
    const whole = await readFile(join(project.folder, 'future.parquet'));
    await writeFile(join(project.folder, 'broken.parquet'), Buffer.concat([whole.subarray(0, 4), Buffer.alloc(30, 255), whole.subarray(34)]));
    await client.query("CREATE TABLE raw_data.late AS SELECT 3::bigint AS customer_id, timestamp '9999-01-01' AS event_timestamp");
    await writeFile(join(project.folder, 'recipes', 'sql', 'late.sql.j2'), 'SELECT customer_id, event_timestamp FROM {{ source("raw", "late") }}');
    const wrong: readonly (readonly [spine: string, message: RegExp])[] = [
      ['future.parquet', /row 2, column event_timestamp: it lies in the future/],
      ['keys.parquet', /row 1, column customer_id: the value does not fit Int64/],
      ['column.parquet', /column customer_id: the file does not have it/],
      ['text.parquet', /text\.parquet is no Parquet file/],
      ['broken.parquet', /broken\.parquet is a broken Parquet file/],
      ['raw_data.late', /1 rows are later than the as-of instant/],
      ['sql/late.sql.j2', /1 rows are later than the as-of instant/],
    ];
    for (const [spine, message] of wrong) {
      const { code, stdout, stderr } = await runCommand(project.folder, 'features', 'historical', '--spine', spine, '--features', 'counters:visits', '--output', 'wrong.parquet', '--json');
      const { error } = JSON.parse(stdout) as { error: { code: string; message: string; problems: readonly { path: string; message: string }[] } };
      assert.deepEqual([spine, code, error.code], [spine, 2, 'INVALID_INPUT'], stdout + stderr);
      assert.match([error.message, ...error.problems.map(({ path, message: what }) => `${path}: ${what}`)].join('\n'), message);
      assert.ok(!(await readdir(project.folder)).some((file) => file.includes('wrong.parquet')));
    }
    assert.equal(await spines(), 0);
  });

  it('refuses what is not there with the nearest right name', async () => {
    await writeFile(join(project.folder, 'odd.csv'), 'customer,event_time\n1,2026-01-01\n');
    const columns = await historical('--spine', 'odd.csv', '--features', 'counters:visits');
    assert.match(columns.stderr, /column customer_id: the file does not have it. Did you mean "customer"/);
    assert.match((await historical('--spine', 'odd.csv', '--features', 'counter:visits')).stderr, /Did you mean "counters"/);
    assert.match((await historical('--spine', 'odd.csv', '--features', 'counters:visit')).stderr, /Did you mean "visits"/);
    assert.match((await historical('--spine', 'no.csv', '--features', 'counters:visits')).stderr, /There is no file no.csv/);
    assert.match((await historical('--spine', 'raw_data.askd', '--features', 'counters:visits')).stderr, /Did you mean "raw_data.asked"/);
    assert.match((await historical('--spine', 'odd.csv')).stderr, /either --features .* or --service/);
    assert.match((await runCommand(project.folder, 'features', 'historical', '--spine', 'odd.csv', '--features', 'counters:visits', '--output', 'nowhere/x.parquet')).stderr, /there is no folder/);
  });

  it('leaves no file and no spine when it is interrupted', async () => {
    await client.query("CREATE VIEW raw_data.slow AS SELECT g::bigint AS customer_id, timestamptz '2026-01-01T00:00:00Z' + (CASE WHEN pg_sleep(0.01) IS NULL THEN interval '0' ELSE interval '1 s' END) AS event_timestamp FROM generate_series(1, 6000) AS g");
    const started = startCommand(project.folder, 'features', 'historical', '--spine', 'raw_data.slow', '--features', 'counters:visits', '--output', 'never.parquet');
    await started.said('Writing the spine');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    started.child.kill('SIGINT');
    const { code, stderr, millis } = await started.finished;
    assert.equal(code, 130);
    assert.match(stderr, /Interrupted: nothing was written/);
    assert.ok(millis < 30_000);
    assert.ok(!(await readdir(project.folder)).some((file) => file.includes('never.parquet')));
    assert.equal(await spines(), 0);
  });
});

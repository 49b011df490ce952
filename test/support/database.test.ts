import assert from 'node:assert/strict';
import pg from 'pg';
import { createTestDatabase } from './database.ts';
import { testServers } from './servers.ts';

describe('test servers', () => {
  it('give each caller a database of its own, gone after drop()', async () => {
    const database = await createTestDatabase();
    const client = new pg.Client({ connectionString: database.url });
    client.on('error', () => undefined); // drop() ends this connection
    await client.connect();
    const { rows } = await client.query("SELECT current_setting('server_encoding') AS encoding, current_setting('TimeZone') AS zone, 'Z' < 'a' AS by_code_point");
    assert.deepEqual(rows, [{ encoding: 'UTF8', zone: 'UTC', by_code_point: true }]);
    await database.drop();
    const again = new pg.Client({ connectionString: database.url });
    await assert.rejects(again.connect(), /does not exist/);
  });

  it('are the same for every caller of a test run', async () => {
    assert.equal(await testServers(), await testServers());
  });
});

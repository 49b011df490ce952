/** A query as PostgreSQL runs it, its rows in COPY's binary form, read and thrown away. */
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { childTask, timed } from '../support/child-task.ts';

await childTask(async ({ url, sql }: { readonly url: string; readonly sql: string }) => {
  const client = new pg.Client(url);
  await client.connect();
  await client.query('SET jit = off');
  const [seconds, bytes] = await timed(async () => {
    let size = 0;
    for await (const chunk of client.query(copyTo(`COPY (${sql}) TO STDOUT (FORMAT binary)`)) as AsyncIterable<Buffer>) size += chunk.length;
    return size;
  });
  await client.end();
  return { seconds, bytes };
});

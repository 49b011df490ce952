import assert from 'node:assert/strict';
import { cloudServers } from './cloud-servers.ts';

describe('the servers that stand in for Google Cloud', () => {
  it('answer, and are the same for every caller of one run', async function () {
    this.timeout(60_000);
    const servers = await cloudServers();
    assert.deepEqual(await cloudServers(), servers);
    const buckets = (await (await fetch(`${servers.gcsUrl}/storage/v1/b?project=${servers.project}`)).json()) as { kind: string };
    assert.equal(buckets.kind, 'storage#buckets');
    const datasets = await fetch(`${servers.bigqueryUrl}/bigquery/v2/projects/${servers.project}/datasets`);
    assert.equal(datasets.status, 200);
  });
});

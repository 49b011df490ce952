import assert from 'node:assert/strict';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { told } from '../../../adapters/bigquery/call-failure.ts';
import { openBigQuery } from '../../../adapters/bigquery/connection.ts';
import { readSession } from '../../../adapters/bigquery/read-session.ts';
import { createStorageClient } from '../../../adapters/gcs/client.ts';
import { downloadObject } from '../../../adapters/gcs/download.ts';
import { objectState } from '../../../adapters/gcs/objects.ts';
import { isLoginAway, isWithoutCredentials } from '../../../adapters/google-auth/credentials.ts';
import { selfSigned } from '../../support/self-signed.ts';

describe('A server of Google Cloud whose certificate nobody vouches for', function () {
  this.timeout(30_000);
  let server: Http2SecureServer;
  let address: string;
  before(async () => {
    const { certificate, privateKey } = selfSigned();
    server = createSecureServer({ cert: certificate, key: privateKey, allowHTTP1: true }, (_, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => void server.close());
  const REFUSED = { code: 'INVALID_CONFIG', message: /certificate of its address is not accepted.*NODE_EXTRA_CA_CERTS/ };

  it('is told with its cure by Cloud Storage, when it is asked and when a file is fetched', async () => {
    const bucket = createStorageClient({ project: 'p', apiEndpoint: `https://${address}`, longestPauseSeconds: 1 }).bucket('b');
    Object.assign(bucket.storage.authClient, { authorizeRequest: (options: object) => Promise.resolve(options), getRequestHeaders: () => Promise.resolve({}) }); // it would look for credentials first
    await assert.rejects(objectState(bucket, 'x'), REFUSED);
    await assert.rejects(downloadObject(bucket, 'x', { generation: '1', bytes: 5, md5: 'x', crc32c: '' }, join(tmpdir(), `refused-${process.pid}`), 1), REFUSED);
  });

  it('is told with its cure by BigQuery and by its Storage API', async () => {
    const settings = { project: 'p', location: 'us-central1', maximum_bytes_billed: 1e9, datasets: { raw: 'r', feature_mart: 'm', spine: 's', registry: 'g' }, api_endpoint: `https://${address}` };
    const connection = openBigQuery(settings, { maxRetries: 0, totalTimeout: 1, maxRetryDelay: 0.05 });
    Object.assign(connection.client.authClient, { authorizeRequest: (options: object) => Promise.resolve(options) });
    await assert.rejects(told(connection.client.dataset('d').getMetadata(), 'looking', settings), REFUSED);
    const { v1 } = await import('@google-cloud/bigquery-storage');
    const { PassThroughClient } = await import('google-auth-library');
    const [servicePath, port] = address.split(':') as [string, string];
    const client = new v1.BigQueryReadClient({ projectId: 'p', servicePath, apiEndpoint: servicePath, port: Number(port), authClient: new PassThroughClient() as never });
    await assert.rejects(readSession({ client, project: 'p', table: { projectId: 'p', datasetId: 'd', tableId: 't' }, fields: ['x'], streams: 1 }).next(), REFUSED);
    await client.close();
  });
});

describe('What a client of Google Cloud says of its credentials', () => {
  it('tells those that are not there from those that are not to be had now', () => {
    const later = 'Could not refresh access token: try later'; // as google-auth-library 10 has it; 9 puts the status into the words
    assert.deepEqual([503, 429, 403, 0].map((status) => [isLoginAway(later, status), isWithoutCredentials(later, status)]), [[true, false], [true, false], [false, true], [false, true]]);
    const said = 'Could not refresh access token: Request failed with status code ';
    assert.deepEqual([`${said}503`, `${said}404`, 'Could not load the default credentials. Browse to ...', 'invalid_grant'].map((message) => [isLoginAway(message), isWithoutCredentials(message)]), [[true, false], [false, true], [false, true], [false, true]]);
  });
});

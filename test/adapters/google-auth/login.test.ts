import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { selfSigned } from '../../support/self-signed.ts';
import { startSecuredGoogle } from './secured-google.ts';

describe('The account of a service on Cloud Run', function () {
  this.timeout(30_000);

  it('logs in for BigQuery, both of its Storage APIs and Cloud Storage, and each call brings the token over TLS', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'login-'));
    const authority = selfSigned();
    const google = await startSecuredGoogle(authority, 'a-token');
    try {
      const file = join(folder, 'authority.pem');
      await writeFile(file, authority.certificate);
      const places = { HOME: folder, CLOUDSDK_CONFIG: folder, GOOGLE_APPLICATION_CREDENTIALS: '', GCE_METADATA_HOST: google.metadata, METADATA_SERVER_DETECTION: 'assume-present' };
      const env = { ...process.env, ...places, NODE_EXTRA_CA_CERTS: file, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: file };
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'login-child.ts'), google.address], { timeout: 25_000, env });
      assert.deepEqual(JSON.parse(stdout), [404, 5, 5, 5, 404]);
      const storage = '/google.cloud.bigquery.storage.v1.';
      const paths = ['/bigquery/v2/projects/p/datasets/d', `${storage}BigQueryRead/CreateReadSession`, `${storage}BigQueryWrite/AppendRows`, `${storage}BigQueryWrite/GetWriteStream`, '/storage/v1/b/b/o/o'];
      assert.deepEqual([...google.calls].sort(), paths.map((path) => [path, 'Bearer a-token']).sort());
      assert.ok(google.logins() <= 4, `${google.logins()} logins of four clients`);
    } finally {
      await google.close();
      await rm(folder, { recursive: true });
    }
  });
});

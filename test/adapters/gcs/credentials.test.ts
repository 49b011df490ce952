import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

describe('A credentials file that is missing, or no key, or not named', function () {
  this.timeout(30_000);

  it('is told with its cure, by Cloud Storage, by BigQuery and by its Storage API, and nothing of it is shown', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'credentials-'));
    try {
      const texts = { 'text.json': 'SECRETKEY', 'half.json': '{"type":"service_account"}', 'empty.json': '{}', 'garbled.json': '{"type":"service_account","client_email":"a@b","private_key":"SECRETKEY"}' };
      for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
      const files = ['missing.json', ...Object.keys(texts)].map((name) => join(folder, name));
      const env = { ...process.env, HOME: folder, CLOUDSDK_CONFIG: folder, METADATA_SERVER_DETECTION: 'none' }; // neither a login of this machine nor a metadata server
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'credentials-child.ts'), ...files, ''], { timeout: 25_000, env });
      const answers = JSON.parse(stdout) as { readonly code: string; readonly message: string }[];
      assert.equal(answers.length, 5 * (files.length + 1));
      for (const { code, message } of answers) {
        assert.equal(code, 'INVALID_CONFIG', message);
        assert.match(message, /gcloud auth application-default login/);
        assert.match(message, /GOOGLE_APPLICATION_CREDENTIALS/);
        assert.doesNotMatch(message, /SECRET/);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

import assert from 'node:assert/strict';
import { asBigQueryError, isMissing, isThere } from '../../../adapters/bigquery/call-failure.ts';
import { failure } from '../../contracts/warehouse.ts';
import { SETTINGS } from './jobs-stand-in.ts';

describe('a failure of BigQuery', () => {
  // cloud.google.com/docs/authentication/troubleshoot-adc; developers.google.com/identity/protocols/oauth2 (invalid_grant); google-auth-library's own words
  for (const message of [
    'Could not load the default credentials. Browse to https://cloud.google.com/docs/authentication/getting-started for more information.',
    'invalid_grant',
    'The file at /nowhere/key.json does not exist, or it is not a file. ENOENT: no such file or directory',
  ]) {
    it(`says how to log in where the client says "${message.slice(0, 40)}"`, () => {
      failure('INVALID_CONFIG', /^BigQuery, trying: there are no credentials/, /gcloud auth application-default login/, /GOOGLE_APPLICATION_CREDENTIALS/)(asBigQueryError(new Error(message), 'trying', SETTINGS));
    });
  }

  it('is left as it is where it is not of BigQuery', () => {
    const error = new TypeError('x is not a function');
    assert.equal(asBigQueryError(error, 'trying', SETTINGS), error);
    assert.equal(asBigQueryError('text', 'trying', SETTINGS), 'text');
  });

  it('is told by its status', () => {
    assert.deepEqual([{ code: 404 }, { code: 409 }, { code: '404' }, undefined].map((error) => [isMissing(error), isThere(error)]), [[true, false], [false, true], [true, false], [false, false]]);
  });
});

import assert from 'node:assert/strict';
import { asBigQueryError, asLoginError, isMissing, isThere } from '../../../adapters/bigquery/call-failure.ts';
import { asAppendError } from '../../../adapters/bigquery/push-errors.ts';
import { readSession } from '../../../adapters/bigquery/read-session.ts';
import type { ReadClient } from '../../../adapters/bigquery/read-stream.ts';
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

  // grpc.io, "Authentication": credentials that cannot be had end a call before it is sent; the client gives it status UNKNOWN or that of the answer for a token
  for (const code of [2, 400]) {
    it(`says how to log in where credentials ended while a process ran, as gRPC tells with status ${code}`, async () => {
      const error = Object.assign(new Error('2 UNKNOWN: Getting metadata from plugin failed with error: invalid_grant'), { code });
      const login = failure('INVALID_CONFIG', /there are no credentials for Google Cloud, or they have expired/, /GOOGLE_APPLICATION_CREDENTIALS/);
      login(asAppendError(error, { table: 'feature_mart.v', views: ['v'] }, SETTINGS));
      const client = { createReadSession: () => Promise.reject(error) } as unknown as ReadClient;
      await assert.rejects(readSession({ client, project: 'p', table: { projectId: 'p', datasetId: 'd', tableId: 't' }, fields: [], streams: 1 }).next(), login);
      assert.equal(asLoginError(new Error('14 UNAVAILABLE: no connection'), 'trying'), undefined);
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

import assert from 'node:assert/strict';
import { check } from '../../domain/validation/shape.ts';
import { fileStoreFolder, serverAuth, tracking } from '../../config/tracking-settings.ts';

const SERVER = { type: 'mlflow_server', uri: 'https://mlflow.example.com' };
const problems = (value: unknown): string[] => check(tracking, value).issues.map(({ keys, message }) => `${keys.join('.')} ${message}`);

describe('the setting tracking', () => {
  it('is a folder, or a server with one way to say who we are', async () => {
    assert.deepEqual(problems({ type: 'mlflow_files', folder: './mlruns' }), []);
    const settings = (more: object): ReturnType<typeof serverAuth> => {
      assert.deepEqual(problems({ ...SERVER, ...more }), []);
      const { value } = check(tracking, { ...SERVER, ...more });
      assert.ok(value.type === 'mlflow_server');
      assert.equal(value.model_cache, './data/model-cache');
      return serverAuth(value);
    };
    assert.deepEqual(await settings({}), { type: 'none' });
    assert.deepEqual(await settings({ auth: 'none' }), { type: 'none' });
    assert.deepEqual(await settings({ auth: 'basic', user: 'ann', password: '12345' }), { type: 'basic', user: 'ann', password: '12345' });
    assert.deepEqual(await settings({ auth: 'token', token: 'abc' }), { type: 'token', token: 'abc' });
    assert.equal((await settings({ auth: 'google_identity' })).type, 'google_identity');
    assert.equal((await settings({ auth: 'google_identity', audience: 'https://other.example.com' })).type, 'google_identity');
  });

  it('is refused where something is missing, does not belong, or is no address, and no secret is told', () => {
    assert.deepEqual(problems({ ...SERVER, auth: 'basic', user: 'ann' }), ['password is missing']);
    assert.deepEqual(problems({ ...SERVER, auth: 'token' }), ['token is missing']);
    assert.deepEqual(problems({ ...SERVER, token: 'abc' }), ['token is not known here']);
    assert.deepEqual(problems({ type: 'mlflow_server' }), ['uri is missing']);
    assert.match(problems({ ...SERVER, type: 'mlflow' }).join(), /^type is "mlflow"$/);
    assert.match(problems({ ...SERVER, auth: 'bearer' }).join(), /^auth is "bearer"$/);
    for (const uri of ['mlflow.example.com', 'sqlite:///x.db', 'http://', 5]) assert.match(problems({ ...SERVER, uri }).join(), /is not the address of an MLflow server/);
    const withSecret = check(tracking, { ...SERVER, uri: 'https://ann:hidden@mlflow.example.com' }).issues;
    assert.match(withSecret[0]?.message ?? '', /has a user or a password in it/);
    assert.ok(!JSON.stringify(withSecret).includes('hidden'));
  });

  it('sends commands for the folder to the pages of the server', () => {
    assert.equal(fileStoreFolder('/project', { type: 'mlflow_files', folder: './mlruns' }), '/project/mlruns');
    const { value } = check(tracking, SERVER);
    assert.throws(() => fileStoreFolder('/project', value), { code: 'UNSUPPORTED', message: /https:\/\/mlflow\.example\.com.*open it in a browser/ });
  });
});

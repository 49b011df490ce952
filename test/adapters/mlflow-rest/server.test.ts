import assert from 'node:assert/strict';
import { PipelineError } from '../../../domain/errors.ts';
import type { ErrorCode } from '../../../domain/errors.ts';
import { networkFailure } from '../../../adapters/mlflow-rest/call-failure.ts';
import { connectServer } from '../../../adapters/mlflow-rest/server.ts';
import type { ServerAuth } from '../../../adapters/mlflow-rest/server-auth.ts';
import { startStandIn } from './stand-in.ts';
import type { Answer, Asked } from './stand-in.ts';

const BASIC: ServerAuth = { type: 'basic', user: 'ann', password: 'gehe!m:1' };
const NONE: ServerAuth = { type: 'none' };

describe('calls of an MLflow server', () => {
  /** One call of a stand-in that answers so: what it asked, and the answer or the error. */
  const ask = async (answer: (asked: Asked, index: number) => Answer | Promise<Answer>, options: { auth?: ServerAuth; repeatable?: boolean; timeoutMillis?: number } = {}): Promise<{ asked: Asked[]; value?: unknown; error?: PipelineError }> => {
    const { auth = NONE, repeatable = true, timeoutMillis = 5000 } = options;
    const { uri, asked, stop } = await startStandIn(answer);
    try {
      const value = await connectServer({ uri: `${uri}/`, auth, timeoutMillis, pauseMillis: 1 }).call({ what: 'run 1', path: 'mlflow/runs/get', query: { run_id: 'a&b' }, repeatable });
      return { asked, value };
    } catch (error) {
      assert.ok(error instanceof PipelineError, String(error));
      return { asked, error };
    } finally {
      await stop();
    }
  };

  it('say who is asking as MLflow\'s own clients do, and send nothing where nobody is to be named', async () => {
    const sent = async (auth: ServerAuth): Promise<unknown> => (await ask(() => ({}), { auth })).asked[0]?.headers['authorization'];
    assert.equal(await sent(BASIC), `Basic ${Buffer.from('ann:gehe!m:1').toString('base64')}`);
    assert.equal(await sent({ type: 'token', token: 'abc' }), 'Bearer abc');
    assert.equal(await sent(NONE), undefined);
  });

  it('quote what is in the query', async () => {
    const { asked } = await ask(() => ({}));
    assert.equal(asked[0]?.path, '/api/2.0/mlflow/runs/get?run_id=a%26b');
  });

  for (const status of [429, 500, 502, 503, 504, 408]) {
    it(`are repeated after ${status}, and give the answer that comes then`, async () => {
      const { asked, value } = await ask((_, index) => (index < 2 ? { status, body: 'busy' } : { body: { ok: 1 } }));
      assert.deepEqual([asked.length, value], [3, { ok: 1 }]);
    });
  }

  it('end after four tries with what the server said', async () => {
    const { asked, error } = await ask(() => ({ status: 503, body: { error_code: 'TEMPORARILY_UNAVAILABLE', message: 'database is locked' } }));
    assert.deepEqual([asked.length, error?.code, error?.retryable], [4, 'UNAVAILABLE', true]);
    assert.match(error?.message ?? '', /run 1, status 503.*database is locked/);
  });

  it('are not repeated where that could do a thing twice, unless the server surely did nothing', async () => {
    for (const answer of [{ status: 503 }, { breakOff: 'before' }] as const) assert.equal((await ask(() => answer, { repeatable: false })).asked.length, 1);
    assert.equal((await ask((_, index) => (index === 0 ? { status: 429 } : {}), { repeatable: false })).asked.length, 2);
  });

  it('wait as long as the server asks, and not for minutes', async () => {
    const start = Date.now();
    assert.equal((await ask((_, index) => (index === 0 ? { status: 429, headers: { 'retry-after': '1' } } : {}))).asked.length, 2);
    assert.ok(Date.now() - start >= 990);
    assert.equal((await ask(() => ({ status: 429, headers: { 'retry-after': '600' } }))).asked.length, 1);
  });

  const refusals: readonly [string, Answer, ErrorCode, RegExp][] = [
    ['401', { status: 401, headers: { 'www-authenticate': 'Basic' }, body: 'You are not authenticated.' }, 'INVALID_CONFIG', /tracking\.auth is basic.*user and password in the environment/],
    ['403', { status: 403, body: 'Invalid Host header' }, 'INVALID_CONFIG', /--allowed-hosts.*Invalid Host header/],
    ['404 of MLflow', { status: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'Run 1 not found' } }, 'NOT_FOUND', /Run 1 not found/],
    ['404 of something else', { status: 404, body: '<html>Not Found</html>' }, 'INVALID_CONFIG', /no MLflow server of version 3.*tracking\.uri/],
    ['a name that is taken', { status: 400, body: { error_code: 'RESOURCE_ALREADY_EXISTS', message: 'taken' } }, 'CONFLICT', /taken/],
    ['a value that is refused', { status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE', message: 'too long' } }, 'INVALID_INPUT', /too long/],
    ['too large a body', { status: 413, body: '<html>' }, 'INVALID_INPUT', /so much at once/],
    ['what the server cannot do', { status: 501, body: { error_code: 'NOT_IMPLEMENTED', message: 'no' } }, 'UNSUPPORTED', /cannot do this/],
    ['a page to log in', { status: 302, headers: { location: 'https://login.example.com/x?secret=1' } }, 'INVALID_CONFIG', /\(to https:\/\/login\.example\.com\)/],
    ['a page instead of JSON', { body: '<html>hello</html>' }, 'INVALID_CONFIG', /no MLflow server: it sent no JSON/],
  ];
  for (const [what, answer, code, message] of refusals) {
    it(`say what to do about ${what}, at once`, async () => {
      const { asked, error } = await ask(() => answer, { auth: BASIC });
      assert.deepEqual([asked.length, error?.code], [1, code]);
      assert.match(error?.message ?? '', message);
    });
  }

  it('never tell a secret, even where the server repeats it', async () => {
    for (const auth of [BASIC, { type: 'token', token: 'gehe!m:1' }] as const) {
      const { error } = await ask(({ headers }) => ({ status: 400, body: { error_code: 'BAD_REQUEST', message: `you sent ${headers['authorization']} and gehe!m:1` } }), { auth });
      const encoded = Buffer.from('ann:gehe!m:1').toString('base64');
      for (const text of [error?.message, error?.stack, JSON.stringify(error)]) assert.ok(text?.includes('gehe!m') === false && !text.includes(encoded), text);
      assert.match(error?.message ?? '', /\*\*\*/);
    }
  });

  it('end when no answer comes in time, and when it breaks off', async () => {
    const slow = await ask(() => new Promise((settle) => setTimeout(() => settle({}), 300)), { timeoutMillis: 50, repeatable: false });
    assert.deepEqual([slow.asked.length, slow.error?.code], [1, 'UNAVAILABLE']);
    const broken = await ask((_, index) => (index === 0 ? { headers: { 'content-length': '100' }, body: '{"a":', breakOff: 'within' } : { body: { a: 1 } }));
    assert.deepEqual([broken.asked.length, broken.value], [2, { a: 1 }]);
  });

  it('say that a server is not there, or is not trusted', async () => {
    const { uri, stop } = await startStandIn(() => ({}));
    await stop();
    const call = connectServer({ uri, auth: NONE, pauseMillis: 1 }).call({ what: 'run 1', path: 'x' });
    await assert.rejects(call, { code: 'UNAVAILABLE', message: /cannot be reached. Start it.*ECONNREFUSED/ });
    const failed = (code: string): PipelineError => networkFailure({ uri, auth: NONE, what: 'run 1' }, new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })).error;
    for (const code of ['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']) assert.match(failed(code).message, /NODE_EXTRA_CA_CERTS/);
    assert.equal(failed('ERR_SSL_WRONG_VERSION_NUMBER').code, 'INVALID_CONFIG');
    const disk = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    assert.throws(() => networkFailure({ uri, auth: NONE, what: 'run 1' }, disk), disk, 'a full disk is no failure of the network');
  });
});

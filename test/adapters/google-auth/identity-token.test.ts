import assert from 'node:assert/strict';
import { IdTokenClient } from 'google-auth-library';
import { identityTokens } from '../../../adapters/google-auth/identity-token.ts';
import { connectServer } from '../../../adapters/mlflow-rest/server.ts';
import { startStandIn } from '../mlflow-rest/stand-in.ts';

/** A token as Google signs them, but for the signature: cloud.google.com/docs/authentication/token-types#id */
const tokenUntil = (seconds: number, number: number): string => ['{"alg":"RS256"}', JSON.stringify({ exp: Math.floor(Date.now() / 1000) + seconds, n: number }), 'signature'].map((part) => Buffer.from(part).toString('base64url')).join('.');

describe('identity tokens of Google Cloud', () => {
  /** Google's own client over a source that gives tokens which live so long. */
  const source = (lifeSeconds: number): { readonly audiences: string[]; readonly tokens: () => Promise<string> } => {
    const audiences: string[] = [];
    const fetchIdToken = (audience: string): Promise<string> => Promise.resolve(tokenUntil(lifeSeconds, audiences.push(audience)));
    return { audiences, tokens: identityTokens('https://mlflow.example.com', (targetAudience) => Promise.resolve(new IdTokenClient({ targetAudience, idTokenProvider: { fetchIdToken } }))) };
  };

  it('are asked for once while they are good, and again before they end', async () => {
    const good = source(3600);
    assert.equal(await good.tokens(), await good.tokens());
    assert.deepEqual(good.audiences, ['https://mlflow.example.com']);
    const ending = source(240);
    assert.notEqual(await ending.tokens(), await ending.tokens());
    assert.equal(ending.audiences.length, 2);
  });

  it('go with every call of an MLflow server, and are not repeated in its errors', async () => {
    const { tokens } = source(240);
    const standIn = await startStandIn(({ headers }, index) => (index < 2 ? {} : { status: 401, body: `Who is ${String(headers['authorization'])}?` }));
    try {
      const server = connectServer({ uri: standIn.uri, auth: { type: 'google_identity', token: tokens }, pauseMillis: 1 });
      const call = (): Promise<object> => server.call({ what: 'run 1', path: 'x' });
      await call();
      await call();
      await assert.rejects(call(), (error: Error) => /roles\/run\.invoker/.test(error.message) && /Who is Bearer \*\*\*/.test(error.message) && !error.message.includes('eyJ'));
      const sent = standIn.asked.map(({ headers }) => String(headers['authorization']));
      assert.ok(sent.every((header) => header.startsWith('Bearer eyJ')));
      assert.equal(new Set(sent).size, 3, 'each token was about to end');
    } finally {
      await standIn.stop();
    }
  });

  it('say what to do where there are none, and ask again after a failure', async () => {
    let asked = 0;
    const failing = (error: Error): (() => Promise<string>) => identityTokens('https://x', () => {
      asked += 1;
      return Promise.reject(error);
    });
    const none = failing(new Error('Cannot fetch ID token in this environment, use GCE or set the GOOGLE_APPLICATION_CREDENTIALS environment variable to a service account credentials JSON file.'));
    for (let i = 0; i < 2; i++) await assert.rejects(none(), { code: 'INVALID_CONFIG', message: /GOOGLE_APPLICATION_CREDENTIALS/ });
    assert.equal(asked, 2);
    await assert.rejects(failing(Object.assign(new Error('unavailable'), { status: 503 }))(), { code: 'UNAVAILABLE' });
  });
});

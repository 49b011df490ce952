import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { INITDB_OPTIONS } from '../../adapters/local-stack/postgres-cluster.ts';
import { REDIS_PERSISTENCE } from '../../adapters/local-stack/redis-server.ts';
import { composeProblems } from '../../scripts/check-compose.ts';
import { STACK_SERVERS } from '../../ports/local-stack.ts';
import { SEARCH_ATTRIBUTE_FLAGS } from '../../temporal/search-attributes.ts';

const text = readFileSync('docker-compose.local.yml', 'utf8');
const settings = readFileSync('.env.example', 'utf8');

describe('the compose file', () => {
  const { services } = parse(text, { merge: true }) as { services: Record<string, { command: string[]; environment: Record<string, string>; image: string }> };

  it('fits the schema of the Compose Specification, and the rules beside it', () => {
    assert.deepEqual(composeProblems(text, settings), []);
  });

  it('has the servers of the stack and the pipeline, on the images that are promised', () => {
    assert.ok([...STACK_SERVERS, 'ml-pipeline'].every((name) => name in services));
    assert.deepEqual([services['postgres']?.image, services['redis']?.image], ['postgres:15-alpine', 'redis:7-alpine']);
  });

  it('starts its servers as the native ones are started', () => {
    for (const option of INITDB_OPTIONS) assert.ok(services['postgres']?.environment['POSTGRES_INITDB_ARGS']?.includes(option), option);
    const redis = services['redis']?.command.join(' ') ?? '';
    for (const [name, value] of Object.entries(REDIS_PERSISTENCE)) assert.ok(redis.includes(`--${name} ${value}`), name);
    for (const flag of SEARCH_ATTRIBUTE_FLAGS) assert.ok(services['temporal']?.command.includes(flag), flag);
  });

  const wrong: readonly [string, string, string, RegExp][] = [
    ['a misspelt key', 'healthcheck:', 'healtcheck:', /healtcheck/],
    ['a port open to the network', "'127.0.0.1:${REDIS_PORT", "'${REDIS_PORT", /open to the network/],
    ['a dependency that is not there', 'postgres: { condition', 'postgress: { condition', /no service postgress/],
    ['a variable that no setting has', '${API_PORT:-3000}', '${API_PROT:-3000}', /API_PROT/],
  ];
  for (const [what, from, to, message] of wrong) {
    it(`is refused with ${what}`, () => {
      assert.ok(text.includes(from));
      assert.match(composeProblems(text.replace(from, to), settings).join('\n'), message);
    });
  }
});

import assert from 'node:assert/strict';
import { STACK_PORTS, stackSettings } from '../../../adapters/local-stack/settings.ts';
import { PipelineError } from '../../../domain/errors.ts';

const right = { POSTGRES_SUPERUSER_PASSWORD: 'a', POSTGRES_PASSWORD: 'b', REDIS_PASSWORD: 'c' };
const folders = { projectFolder: '/project' };

function problemPaths(settings: Record<string, string>): string[] {
  try {
    stackSettings(settings, folders);
    return [];
  } catch (error) {
    assert.ok(error instanceof PipelineError && error.code === 'INVALID_CONFIG');
    return error.problems.map(({ path }) => path);
  }
}

describe('the settings of the local stack', () => {
  it('have the usual ports and folders where nothing else is said', () => {
    const settings = stackSettings({ ...right, REDIS_PORT: '' }, folders);
    assert.deepEqual(settings.ports, STACK_PORTS);
    assert.deepEqual([settings.engine, settings.toolsFolder, settings.composeFile], ['auto', '/project/.tools', '/project/docker-compose.local.yml']);
  });

  it('are refused with every problem at once', () => {
    assert.deepEqual(problemPaths({ POSTGRES_PORT: '0', REDIS_PORT: '65536', API_PORT: '80a', STACK_ENGINE: 'podman', POSTGRES_PASSWORD: 'x', REDIS_PASSWORD: 'a b' }), ['POSTGRES_PORT', 'REDIS_PORT', 'API_PORT', 'POSTGRES_SUPERUSER_PASSWORD', 'REDIS_PASSWORD', 'STACK_ENGINE']);
  });

  it('are refused when two servers would share a port, also one by default', () => {
    assert.deepEqual(problemPaths({ ...right, REDIS_PORT: '7233' }), ['TEMPORAL_PORT']);
  });

  it('never show a password that is refused', () => {
    assert.throws(() => stackSettings({ ...right, REDIS_PASSWORD: 'my$ecret' }, folders), (error: Error) => !error.message.includes('ecret'));
  });
});

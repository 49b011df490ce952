import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { logs, telemetry } from '../../config/telemetry-settings.ts';
import { check, toProblem, type Shape } from '../../domain/validation/shape.ts';
import { ROOT } from '../cli/command.ts';

const told = (shape: Shape<unknown>, value: unknown): string => check(shape, value).issues.map(toProblem).map(({ path, message, cure = '' }) => `${path} ${message} ${cure}`).join('\n');

describe('Settings of logs and telemetry', () => {
  it('need nothing more than they did', () => {
    assert.deepEqual(check(logs, { folder: './logs' }), { value: { folder: './logs' }, issues: [] });
    assert.deepEqual(check(telemetry, { type: 'otlp', endpoint: 'http://127.0.0.1:4318' }).value, { type: 'otlp', endpoint: 'http://127.0.0.1:4318', headers: {}, sample_ratio: 1, interval_seconds: 60 });
  });

  it('are none where they say so, whatever else is set', () => {
    assert.deepEqual(check(telemetry, { type: 'none', endpoint: 'http://127.0.0.1:4318', headers: { authorization: 'x' } }), { value: undefined, issues: [] });
    assert.match(told(telemetry, { type: 'none', endpoint: 'nowhere' }), /not the address/);
  });

  it('name the project where logs are for Cloud Logging', () => {
    assert.match(told(logs, { folder: './logs', format: 'cloud_logging' }), /project is missing/);
    assert.match(told(logs, { folder: './logs', format: 'cloud_logging', project: 'My Project' }), /not the id of a Google Cloud project/);
    assert.match(told(logs, { folder: './logs', format: 'cloudlogging' }), /format is "cloudlogging" Did you mean "cloud_logging"/);
    assert.match(told(logs, { folder: './logs', project: 'my-project' }), /project is not known here/);
  });

  it('take the base of an endpoint, without secrets in it', () => {
    for (const [endpoint, message] of [['127.0.0.1:4318', /not the address/], ['http://u:p@h', /user or a password/], ['http://h/?key=1', /\? or #/], ['http://h/v1/traces', /Write the base/]] as const) assert.match(told(telemetry, { type: 'otlp', endpoint }), message);
    assert.ok(!told(telemetry, { type: 'otlp', endpoint: 'http://u:secret-word@h' }).includes('secret-word'));
  });

  it('load nothing of OpenTelemetry where telemetry is not set', async () => {
    const script = `
      import { createRequire } from 'node:module';
      import { bindCloudLog, bindTelemetry } from './config/bind-telemetry.ts';
      await import('./api/main.ts');
      await import('./workers/main.ts');
      const log = { info() {}, warn() {}, error() {} };
      const project = { folder: '.', environment: 'x', config: { logs: { folder: './logs' } } };
      if (await bindTelemetry(project, 'api', '0', log) !== undefined || await bindCloudLog(project, 'api', '0', () => {}) !== undefined) throw new Error('something was bound');
      console.log(Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('@opentelemetry') && !path.includes('@opentelemetry/api/')).join('\\n'));
      process.exit(0);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type', 'module', '--eval', script], { cwd: join(ROOT) });
    assert.equal(stdout.trim(), '');
  });
});

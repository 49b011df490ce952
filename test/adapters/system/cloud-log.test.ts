import assert from 'node:assert/strict';
import { createCloudLog } from '../../../adapters/system/cloud-log.ts';

type Line = Readonly<Record<string, unknown>>;

describe('A log for Cloud Logging', () => {
  const lines: string[] = [];
  let scope: ReturnType<Parameters<typeof createCloudLog>[0]['scope']>;
  const log = createCloudLog({ project: 'my-project', service: 'ml-pipeline-api', version: '1.2.3', write: (line) => void lines.push(line), scope: () => scope });
  const said = (): Line => {
    const [line = ''] = lines.splice(0);
    assert.ok(line.endsWith('\n') && line.indexOf('\n') === line.length - 1, 'one line');
    return JSON.parse(line) as Line;
  };
  beforeEach(() => (scope = undefined));

  it('has severity, message and time, and the event\'s fields', () => {
    const before = Date.now();
    log.info('model changed', { version: '3' });
    const { time, ...rest } = said();
    assert.deepEqual(rest, { version: '3', severity: 'INFO', message: 'model changed' });
    assert.ok(Date.parse(String(time)) >= before);
    log.warn('slow');
    assert.equal(said()['severity'], 'WARNING');
  });

  it('keeps its own fields when an event has some of their names', () => {
    log.error('lost', { message: 'other', severity: 'none' });
    const { message, severity } = said();
    assert.deepEqual([message, severity], ['lost', 'ERROR']);
  });

  it('names trace, span and request of the running code', () => {
    scope = { requestId: 'r-1', place: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true } };
    log.info('read');
    const { time: _, ...rest } = said();
    assert.deepEqual(rest, { severity: 'INFO', message: 'read', request_id: 'r-1', 'logging.googleapis.com/trace': `projects/my-project/traces/${'a'.repeat(32)}`, 'logging.googleapis.com/spanId': 'b'.repeat(16), 'logging.googleapis.com/trace_sampled': true });
  });

  it('tells of a request as an httpRequest', () => {
    log.info('POST /predict 200', { http_method: 'POST', http_path: '/predict', http_status: 200, http_seconds: 0.0123, http_protocol: 'HTTP/1.1' });
    const { httpRequest, http_method: none } = said();
    assert.deepEqual(httpRequest, { requestMethod: 'POST', requestUrl: '/predict', status: 200, latency: '0.012300s', protocol: 'HTTP/1.1' });
    assert.equal(none, undefined);
  });

  it('gives an error\'s stack to Error Reporting, with the service that it is grouped by', () => {
    const { stack } = new TypeError('x is not a function');
    log.error('request failed', { path: '/predict', error: stack });
    const line = said();
    assert.equal(line['@type'], 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent');
    assert.match(String(line['stack_trace']), /^TypeError: x is not a function\n\s+at /);
    assert.deepEqual(line['serviceContext'], { service: 'ml-pipeline-api', version: '1.2.3' });
    log.error('request failed', { error: 'the store is away' });
    assert.equal(said()['@type'], undefined, 'without a stack there is nothing to group by');
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMetrics } from '../../../api/metrics.ts';
import { createOtlp, type Otlp } from '../../../adapters/telemetry/otlp.ts';
import { observeRequests } from '../../../adapters/telemetry/observed-requests.ts';
import { currentScope } from '../../../adapters/telemetry/trace-context.ts';
import { traceOnlineStore } from '../../../adapters/telemetry/traced-store.ts';
import type { OnlineStore } from '../../../ports/online-store.ts';
import { memoryLog } from '../../api/harness.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../../support/otlp-receiver.ts';

const PARENT = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' };
const TRACEPARENT = `00-${PARENT.trace}-${PARENT.span}-01`;

describe('Telemetry by OpenTelemetry', () => {
  let receiver: OtlpReceiver;
  let otlp: Otlp;
  const closing: (() => Promise<unknown>)[] = [];
  const { log, logged } = memoryLog();
  const open = (endpoint: string, sampleRatio = 1): Otlp => {
    const made = createOtlp({ endpoint, headers: { authorization: 'Bearer of-the-collector' }, process: 'api', version: '0', sampleRatio, intervalMillis: 200, log });
    closing.push(() => made.close());
    return made;
  };
  const serve = async (listener: RequestListener): Promise<string> => {
    const server: Server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
    return `http://127.0.0.1:${(server.address() as { readonly port: number }).port}`;
  };

  before(async () => {
    receiver = await startOtlpReceiver();
    otlp = open(receiver.url);
  });
  after(async () => {
    for (const close of closing) await close();
    await receiver.close();
  });

  it('sends the metrics that Prometheus reads, each with the same value, bucket for bucket', async () => {
    const metrics = createMetrics();
    metrics.watch({ pushPendingRows: () => 7, materializedUntil: () => new Map([['weather', (Date.now() - 60_000) * 1000]]) });
    metrics.predictions.inc({ model: 'm', version: '1' }, 3);
    for (const seconds of [0.0005, 0.003, 0.003, 0.7, 5]) metrics.seconds.observe({ route: '/predict', status: '200' }, seconds);
    metrics.seconds.observe({ route: '/health/live', status: '200' }, 0.01);
    otlp.exportMetrics(metrics.registry);
    await receiver.until(() => receiver.metrics.has('ml_pipeline_request_seconds'));
    const counted = receiver.metrics.get('ml_pipeline_predictions_total')!;
    assert.deepEqual([counted.sum!.isMonotonic, counted.sum!.aggregationTemporality, counted.sum!.dataPoints[0]!.asDouble], [true, 2, 3]);
    assert.equal(receiver.metrics.get('ml_pipeline_push_pending_rows')!.gauge!.dataPoints[0]!.asDouble, 7);
    const stale = receiver.metrics.get('ml_pipeline_feature_staleness_seconds')!;
    assert.ok(Math.abs(stale.gauge!.dataPoints[0]!.asDouble! - 60) < 30 && stale.unit === 's');
    const seconds = receiver.metrics.get('ml_pipeline_request_seconds')!;
    const predict = seconds.histogram!.dataPoints.find(({ attributes }) => attributes.some(({ value }) => value.stringValue === '/predict'))!;
    assert.deepEqual(predict.explicitBounds, [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1]);
    assert.deepEqual(predict.bucketCounts!.map(Number), [1, 0, 2, 0, 0, 0, 0, 0, 1, 1]);
    assert.ok(Number(predict.count) === 5 && Math.abs(predict.sum! - 5.7065) < 1e-9);
    assert.equal(seconds.histogram!.dataPoints.length, 2);
    const text = await metrics.registry.metrics();
    for (const [, name] of text.matchAll(/^# TYPE (\S+) /gm)) if (new RegExp(`^${name}(_count)?[{ ]`, 'm').test(text)) assert.ok(receiver.metrics.has(name!), `${name} is not sent`);
    assert.deepEqual([...receiver.authorizations], ['Bearer of-the-collector']);
  });

  it('traces a request and the reads within it, as part of the caller\'s trace, and says so in log lines', async () => {
    const store = traceOnlineStore({ read: () => Promise.resolve([]), ping: () => Promise.resolve() } as Partial<OnlineStore> as OnlineStore, otlp.spans);
    let place: string | undefined;
    const listener: RequestListener = (_, response) => {
      place = currentScope()?.place?.spanId;
      void store.ping().then(() => store.read([])).then(() => response.writeHead(503).end());
    };
    const url = await serve(observeRequests(listener, { log, paths: new Set(['/predict']), spans: otlp.spans }));
    const answer = await fetch(`${url}/predict?secret=1`, { method: 'POST', headers: { traceparent: TRACEPARENT, 'x-request-id': 'mine-1' } });
    assert.deepEqual([answer.status, answer.headers.get('x-request-id')], [503, 'mine-1']);
    await receiver.until(() => receiver.spans.length >= 2);
    const request = receiver.spans.find(({ name }) => name === 'POST /predict')!;
    assert.deepEqual([request.traceId, request.parentSpanId, request.kind, request.status.code, request.spanId], [PARENT.trace, PARENT.span, 2, 2, place]);
    const read = receiver.spans.find(({ name }) => name === 'online store read')!;
    assert.deepEqual([read.traceId, read.parentSpanId], [PARENT.trace, request.spanId]);
    assert.ok(!JSON.stringify(receiver.spans).includes('secret'), 'queries are not kept');
    assert.ok(logged.some((line) => /^error POST \/predict 503 http_method=POST http_path=\/predict http_status=503/.test(line)));
  });

  it('makes new ids for requests that bring none or ones that are not fit, and keeps no traces that the caller does not keep', async () => {
    const url = await serve(observeRequests((_, response) => void response.end(), { log, paths: new Set(), spans: otlp.spans }));
    const before = receiver.spans.length;
    for (const headers of [{}, { 'x-request-id': 'a b\tc' }, { 'x-request-id': 'x'.repeat(500) }]) assert.match((await fetch(url, { headers: { ...headers, traceparent: TRACEPARENT.replace(/01$/, '00') } })).headers.get('x-request-id')!, /^[0-9a-f-]{36}$/);
    await fetch(`${url}/unknown/42`);
    await receiver.until(() => receiver.spans.length > before);
    assert.deepEqual(receiver.spans.slice(before).map(({ name }) => name), ['GET other']);
  });

  it('never hurts requests while its endpoint is away, says so once, and ends in time', async () => {
    const [away, begun] = [open('http://127.0.0.1:1'), performance.now()];
    away.exportMetrics(createMetrics().registry);
    const url = await serve(observeRequests((_, response) => void response.end('fine'), { log, paths: new Set(), spans: away.spans }));
    for (let count = 0; count < 50; count++) assert.equal(await (await fetch(url)).text(), 'fine');
    while (!logged.some((line) => line.startsWith('warn telemetry is not taken')) && performance.now() - begun < 8_000) await sleep(50);
    await sleep(500);
    const closed = performance.now();
    await away.close();
    assert.ok(performance.now() - closed < 8_000);
    assert.equal(logged.filter((line) => line.startsWith('warn telemetry is not taken, and is dropped meanwhile endpoint=http://127.0.0.1:1')).length, 1);
  });
});

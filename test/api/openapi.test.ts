import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApiHarness, type ApiHarness } from './harness.ts';
import { WEATHER } from './model-fixture.ts';

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>> }>>;
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: { readonly $ref: string }; readonly example: { readonly instances: readonly object[] } } } };
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

describe('GET /openapi.json', () => {
  let api: ApiHarness;
  let document: Document;
  before(async () => {
    api = await openApiHarness();
    document = (await api.request('/openapi.json')).body as Document;
  });
  after(() => api.close());
  /** JSON Schema 2020-12 is what OpenAPI 3.1 has for schemas. */
  const validator = (name: string): ValidateFunction => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, formats: { int32: true, int64: true, 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) } });
    return ajv.compile(document.components.schemas[name] as object);
  };
  const fits = (name: string, value: unknown): void => {
    const validate = validator(name);
    assert.ok(validate(value), JSON.stringify(validate.errors));
  };

  it('is an OpenAPI 3.1 document of the served model, whose references lead somewhere', () => {
    assert.match(document.openapi, /^3\.1\.\d$/);
    assert.deepEqual([document.info.title, document.info.version], ['arrival version 1', '1']);
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
    assert.ok(operations.every(({ responses }) => Object.entries(responses).every(([status, { description }]) => /^\d{3}$/.test(status) && description !== '')));
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!);
    assert.deepEqual([...new Set(references)].sort(), Object.keys(document.components.schemas).sort());
    for (const name of references) validator(name);
  });

  it('has every path that the server answers, and no other', async () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      const allowed = (await api.request(path, { method: 'DELETE' })).headers.get('allow') ?? '';
      assert.deepEqual(Object.keys(operations), [allowed.split(',')[0]!.toLowerCase()], path);
    }
  });

  it('has an example that is answered as the document says', async () => {
    const { example } = document.paths['/predict']!['post']!.requestBody!.content['application/json'];
    fits('PredictRequest', example);
    await api.write(WEATHER, { key: ['JFK'], values: [41.5, 'rain'], event: api.now + 5 });
    for (const moment of [api.now, api.now + 10]) {
      api.now = moment;
      const answer = await api.post(example);
      assert.equal(answer.status, 200, answer.text);
      fits('PredictResponse', answer.body);
    }
  });

  it('describes what is refused: the schema and the server agree', async () => {
    const [good] = document.paths['/predict']!['post']!.requestBody!.content['application/json'].example.instances as [{ entities: object; request: object }];
    const requests = [
      { instances: [] },
      { instances: [{ ...good, entities: { origin: 'JFK' } }] },
      { instances: [{ ...good, request: { ...good.request, more: 1 } }] },
      { instances: [{ ...good, request: { ...good.request, distance: '1' } }] },
      { instances: [{ ...good, entities: { ...good.entities, origin: null } }] },
      {},
    ];
    const validate = validator('PredictRequest');
    for (const request of requests) {
      assert.equal(validate(request), false, JSON.stringify(request));
      const answer = await api.post(request);
      assert.equal(answer.status, 400);
      fits('Error', answer.body);
    }
  });

  it('takes what the server takes: null, booleans, keys as text', async () => {
    const request = { instances: [{ entities: { origin: '', plane_id: '9007199254740993' }, request: { distance: null, weekend: true, meal: '' } }] };
    fits('PredictRequest', request);
    assert.equal((await api.post(request)).status, 200);
  });
});

describe('GET /docs', () => {
  let api: ApiHarness;
  before(async () => {
    api = await openApiHarness({ task: 'regression' });
  });
  after(() => api.close());

  it('is a page of this server alone: every file is here, and the browser may load nothing from elsewhere', async () => {
    const page = await api.request('/docs');
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/);
    const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!);
    assert.equal(files.length, 4);
    for (const file of files) {
      assert.match(file, /^\/docs\//);
      assert.equal((await api.request(file)).status, 200, file);
    }
    assert.match((await api.request('/docs/start.js')).text, /url: '\/openapi\.json'.*validatorUrl: null/);
    assert.equal((await api.request('/docs/index.html')).status, 404);
  });

  it('and every other answer cannot be framed, cached or taken for another type', async () => {
    for (const path of ['/docs', '/openapi.json', '/health/live', '/nowhere', '/metrics']) {
      const { headers } = await api.request(path);
      assert.deepEqual([headers.get('x-content-type-options'), headers.get('x-frame-options'), headers.get('cache-control'), headers.get('x-powered-by')], ['nosniff', 'DENY', 'no-store', null], path);
    }
  });

  it('has figures for Prometheus beside it: requests by route and status, instances, missing features', async () => {
    await api.predict({ entities: { origin: 'JFK', plane_id: 1 }, request: { distance: 1, weekend: 0, meal: null } });
    await api.post({});
    const { text, headers } = await api.request('/metrics');
    assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.match(text, /ml_pipeline_predictions_total\{model="arrival",version="1"\} 1/);
    assert.match(text, /ml_pipeline_missing_features_total\{feature="temp"\} 1/);
    assert.match(text, /ml_pipeline_request_seconds_count\{route="\/predict",status="200"\} 1/);
    assert.match(text, /ml_pipeline_request_seconds_count\{route="\/predict",status="400"\} 1/);
  });
});

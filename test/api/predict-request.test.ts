import assert from 'node:assert/strict';
import type { Problem } from '../../domain/errors.ts';
import { openApiHarness, type ApiHarness, type Answer } from './harness.ts';

const GOOD = { entities: { origin: 'JFK', plane_id: 7 }, request: { distance: 1000, weekend: 0, meal: 'hot' } };

describe('A request that is wrong', () => {
  let api: ApiHarness;
  before(async () => {
    api = await openApiHarness();
  });
  after(() => api.close());
  const problemsOf = (answer: Answer): readonly string[] => {
    const { error } = answer.body as { readonly error: { readonly code: string; readonly problems: readonly Problem[] } };
    assert.deepEqual([answer.status, error.code], [400, 'INVALID_INPUT'], answer.text);
    return error.problems.map(({ path, message, cure }) => `${path} ${message}${cure === undefined ? '' : `. ${cure}`}`);
  };
  const problems = async (body: unknown): Promise<readonly string[]> => problemsOf(await api.post(body));

  it('is told every problem with its JSON path, the value found and the nearest name', async () => {
    assert.deepEqual(await problems({ instances: [GOOD, { entities: { origin: null, plan_id: 7 }, request: { distance: 'far', weekend: 0, meals: 'hot' }, requests: {} }], instance: [] }), [
      'instance is not known here. Did you mean "instances"?',
      'instances[1].requests is not known here. Did you mean "request"?',
      'instances[1].entities.plan_id is not known here. Did you mean "plane_id"?',
      'instances[1].entities.origin is null. Name an entity; one that the store does not know is answered, too.',
      'instances[1].entities.plane_id is missing',
      'instances[1].request.meals is not known here. Did you mean "meal"?',
      'instances[1].request.distance is "far", not a number',
      'instances[1].request.meal is missing',
    ]);
  });

  it('is told which whole numbers are not exact, too large or none', async () => {
    const withPlane = (id: string): string => `{"instances":[{"entities":{"origin":"JFK","plane_id":${id}},"request":${JSON.stringify(GOOD.request)}}]}`;
    const cases: readonly (readonly [string, RegExp])[] = [
      ['9007199254740993', /^instances\[0\]\.entities\.plane_id 9007199254740992 does not fit Int64: a number beyond 2\^53 is not exact; give it as text$/],
      ['"9223372036854775808"', /not within/],
      ['1.5', /not a whole number/],
      ['true', /not a whole number/],
      ['[7]', /not a whole number/],
    ];
    for (const [id, message] of cases) assert.match((await problems(withPlane(id))).join('\n'), message);
  });

  it('is told what is no text, no number and no half character', async () => {
    const [origin] = await problems({ instances: [{ ...GOOD, entities: { origin: 7, plane_id: 7 } }] });
    assert.match(origin!, /origin 7 does not fit String: it is not text; put it in quotes/);
    assert.match((await problems('{"instances":[{"entities":{"origin":"\\ud800","plane_id":7},"request":{"distance":1e999,"weekend":{},"meal":1}}]}')).join('\n'),
      /origin .*half a character[^\n]*\n.*distance is beyond the largest number[^\n]*\n.*weekend is \{\}, not a number\n.*meal is 1, not a text/);
  });

  it('is told when a part is no mapping, no list, or empty', async () => {
    assert.deepEqual(await problems([]), ['(root) is [], not a mapping with instances']);
    assert.deepEqual(await problems('5'), ['(root) is 5, not a mapping with instances']);
    assert.deepEqual(await problems({ instances: [] }), ['instances has 0 entries; at least 1 are needed']);
    assert.deepEqual(await problems({ instances: GOOD }), [`instances is ${JSON.stringify(GOOD).slice(0, 57)}..., not a list`]);
    assert.deepEqual(await problems({ instances: [7, { request: GOOD.request }] }), ['instances[0] is 7, not a mapping with entities, request', 'instances[1].entities is missing']);
    assert.deepEqual(await problems('{"instances":[],"__proto__":{}}'), ['__proto__ is not known here. Known here: instances.', 'instances has 0 entries; at least 1 are needed']);
  });

  it('is told when there is no body, or one that is not JSON', async () => {
    assert.deepEqual(problemsOf(await api.post('')), ['instances is missing']);
    for (const body of ['{"instances":', 'instances=1', '\u0000']) {
      const answer = await api.post(body);
      assert.equal(answer.status, 400);
      assert.match(answer.text, /"code":"BAD_REQUEST","message":"The request cannot be read: .*JSON/);
    }
  });

  it('is refused with 413 beyond a megabyte, and with 415 when it is not JSON or packed in an unknown way', async () => {
    const large = await api.post({ instances: [{ ...GOOD, request: { ...GOOD.request, meal: 'x'.repeat(1_100_000) } }] });
    assert.deepEqual([large.status, (large.body as { error: { code: string } }).error.code], [413, 'PAYLOAD_TOO_LARGE']);
    const body = JSON.stringify({ instances: [GOOD] });
    for (const headers of [{ 'content-type': 'text/plain' }, { 'content-type': 'application/x-www-form-urlencoded' }, { 'content-type': 'application/json; charset=utf-99' }, { 'content-type': 'application/json', 'content-encoding': 'zip' }]) {
      const answer = await api.request('/predict', { method: 'POST', headers, body });
      assert.deepEqual([answer.status, (answer.body as { error: { code: string } }).error.code], [415, 'UNSUPPORTED_MEDIA_TYPE'], JSON.stringify(headers));
    }
    assert.equal((await api.request('/predict', { method: 'POST', headers: { 'content-type': 'application/vnd.example+json; charset=utf-8' }, body })).status, 200);
  });

  it('is told which method a path takes, and which paths there are', async () => {
    const get = await api.request('/predict');
    assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST']);
    const put = await api.request('/health/ready', { method: 'PUT' });
    assert.deepEqual([put.status, put.headers.get('allow')], [405, 'GET, HEAD']);
    const lost = await api.request('/predictions', { method: 'POST' });
    assert.deepEqual([lost.status, lost.body], [404, { error: { code: 'NOT_FOUND', message: 'There is no /predictions. GET /docs lists what there is.', problems: [] } }]);
    assert.equal((await api.request('/docs/%E0%A4%A')).status, 404);
  });

  it('never reaches the log', () => {
    assert.deepEqual(api.logged.filter((line) => !line.startsWith('info api listening')), []);
  });
});

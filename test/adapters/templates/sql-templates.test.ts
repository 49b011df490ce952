import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { bigqueryDialect } from '../../../adapters/templates/bigquery.ts';
import { postgresDialect } from '../../../adapters/templates/postgres.ts';
import { renderTemplate } from '../../../adapters/templates/render-template.ts';
import { createSqlTemplates } from '../../../adapters/templates/sql-templates.ts';
import { PipelineError, type ErrorCode, type Problem } from '../../../domain/errors.ts';
import type { BoundQuery } from '../../../ports/warehouse.ts';

const RECIPES = join(dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))), 'recipes');
const AS_OF = Date.parse('2026-11-23T10:00:00Z') * 1000;

function render(text: string, parameters: Record<string, number | string | boolean> = {}, dialect = postgresDialect): BoundQuery {
  return renderTemplate(text, { sourceUri: 'sql/x.sql.j2', parameters, asOfMicros: AS_OF }, dialect);
}

/** The problems that rendering is refused with. */
function problemsOf(text: string, parameters: Record<string, number | string | boolean> = {}, code: ErrorCode = 'INVALID_TEMPLATE'): readonly Problem[] {
  try {
    render(text, parameters);
  } catch (error) {
    assert.ok(error instanceof PipelineError);
    assert.equal(error.code, code);
    return error.problems;
  }
  assert.fail(`rendered: ${text}`);
}

describe('loader SQL templates', () => {
  it('bind every value with its type, equal ones once, in the order of the text', () => {
    assert.deepEqual(render('SELECT {{ days }}, {{ share }}, {{ name }}, {{ flag }}, {{ days }}', { flag: true, name: "O'Hare", share: 0.5, days: 7 }), {
      sql: 'SELECT CAST($1 AS bigint), CAST($2 AS double precision), CAST($3 AS text), CAST($4 AS boolean), CAST($1 AS bigint)',
      values: [7, 0.5, "O'Hare", true],
    });
    assert.deepEqual(render('SELECT {{ days }}', { days: 7 }, bigqueryDialect), { sql: 'SELECT CAST(@p1 AS INT64)', values: [7] });
  });

  it('never write a value into the text, whatever the value and wherever the template puts it', () => {
    const template = "SELECT {{ v }}, {{ dateadd('day', 1, v) }}, {{ cast(v, type_string()) }}{% set w = v %}, {{ w }}{% if v == 'x' %}, 1{% endif %}";
    fc.assert(
      fc.property(fc.string(), (v) => {
        const { sql, values } = render(template, { v });
        const cast = 'CAST($1 AS text)';
        assert.equal(sql, `SELECT ${cast}, (${cast} + (1) * INTERVAL '1 day'), CAST(${cast} AS text), ${cast}${v === 'x' ? ', 1' : ''}`);
        assert.deepEqual(values, [v]);
      }),
    );
  });

  it('number placeholders by what is written: a value that only a branch not taken uses has none', () => {
    assert.deepEqual(render("{% set late = dateadd('day', -days, as_of()) %}SELECT {% if short %}{{ late }}{% else %}{{ name }}{% endif %}", { days: 3, short: false, name: 'a' }), {
      sql: 'SELECT CAST($1 AS text)',
      values: ['a'],
    });
  });

  it('give the as-of instant as a bound timestamp', () => {
    assert.deepEqual(render('SELECT {{ as_of() }}'), { sql: 'SELECT CAST($1 AS timestamp with time zone)', values: ['2026-11-23T10:00:00.000000Z'] });
  });

  it('name tables through source and ref, by warehouse', () => {
    assert.equal(render("FROM {{ source('raw', 'flights') }}, {{ ref('weather') }}").sql, 'FROM "raw_data"."flights", "feature_mart"."weather"');
    assert.equal(render("FROM {{ source('raw', 'flights') }}, {{ ref('weather') }}", {}, bigqueryDialect).sql, 'FROM `raw_events.flights`, `feature_mart.weather`');
  });

  it('take arguments by position or by the names that dbt gives them', () => {
    const named = render("SELECT {{ dateadd(from_date_or_timestamp='t', datepart='day', interval=-1) }}").sql;
    assert.equal(named, render("SELECT {{ dateadd('day', -1, 't') }}").sql);
    assert.equal(named, "SELECT (t + (-1) * INTERVAL '1 day')");
  });

  it('choose by if over parameters and literals', () => {
    const template = "{% if carrier in ['UA', 'AA'] and not small %}big{% elif days >= 10 or carrier == 'HA' %}long{% else %}other{% endif %}";
    const choose = (carrier: string, days: number, small: boolean): string => render(template, { carrier, days, small }).sql;
    assert.deepEqual([choose('UA', 1, false), choose('UA', 1, true), choose('B6', 10, false), choose('HA', 1, false)], ['big', 'other', 'long', 'long']);
  });

  it('refuse a value where SQL wants a name, and any tag inside quotes or an SQL comment', () => {
    const cases: [string, string][] = [
      ['SELECT 1 FROM {{ v }}', 'after FROM'],
      ['SELECT 1 FROM a JOIN\n-- why\n {{ v }}', 'after JOIN'],
      ['SELECT f.{{ v }}', 'after .'],
      ['SELECT 1 AS {{ v }}', 'after AS'],
      ['SELECT 1 ORDER BY {{ v }}', 'after BY'],
      ["SELECT '{{ v }}'", 'inside quotes'],
      ["SELECT 'it''s {{ v }}'", 'inside quotes'],
      ["SELECT E'\\'{{ v }}'", 'inside quotes'],
      ['SELECT $a$ {{ v }} $a$', 'inside quotes'],
      ['SELECT "{{ v }}"', 'inside a quoted name'],
      ['SELECT 1 -- {{ v }}', 'inside an SQL comment'],
      ['SELECT 1 /* {{ v }} */', 'inside an SQL comment'],
    ];
    for (const [text, message] of cases) {
      const [problem, ...more] = problemsOf(text, { v: 'x' });
      assert.ok(problem !== undefined && problem.message.includes(message), `${text}: ${problem?.message}`);
      assert.deepEqual([more, problem.line, problem.column], [[], text.slice(0, text.indexOf('{{')).split('\n').length, text.indexOf('{{') - text.lastIndexOf('\n', text.indexOf('{{')) + 3], text);
    }
    assert.equal(render("SELECT 'a' || {{ v }} || E'\\\\' || {{ v }} -- c\n, {{ v }}", { v: 'x' }).values.length, 1);
  });

  it('name every unknown name, macro and construct and every unused parameter at once, with line, column and the nearest name', () => {
    const problems = problemsOf("SELECT {{ dayz }}\n, {{ date_add('day', 1, 'x') }}\n{% include 'a.j2' %}{{ days | upper }}{% set unused = 1 %}", { days: 1, spare: 2 });
    assert.deepEqual(
      problems.map(({ path, line, column, message }) => [path, line, column, message]),
      [
        ['sql/x.sql.j2', 1, 11, 'There is no parameter or variable "dayz".'],
        ['sql/x.sql.j2', 2, 6, 'There is no macro "date_add".'],
        ['sql/x.sql.j2', 3, 4, 'Include is no part of loader SQL.'],
        ['sql/x.sql.j2', 3, 31, 'Filter is no part of loader SQL.'],
        ['sql/x.sql.j2', 3, 46, 'The variable "unused" is never used.'],
        ['loader.parameters.spare', undefined, undefined, 'sql/x.sql.j2 does not use it.'],
      ],
    );
    assert.match(problems[0]!.cure!, /Did you mean "days"\?/);
    assert.match(problems[1]!.cure!, /Did you mean "dateadd"\?/);
  });

  it('name every wrong argument at once', () => {
    const text = [
      "{{ source('row', 'flights') }}",
      "{{ source('raw', 'a; DROP TABLE b') }}",
      "{{ dateadd('days', 1, 'x') }}",
      "{{ dateadd('day', 1) }}",
      "{{ dateadd('day', 1, 'x', 2) }}",
      "{{ extract_part('hour', 'x', 'New York') }}",
      "{{ extract_part('hour', \"x || 'a\", 'UTC') }}",
      "{{ cast('x', 'int') }}",
      "{{ source('raw', t) }}",
      '{% if as_of() %}{% endif %}',
      '{{ -t }}',
      '{{ none }}',
    ].join('\n');
    const problems = problemsOf(text, { t: 'flights' });
    const found = [/"row".*Did you mean "raw"/, /cannot name a table/, /"days".*Did you mean "day"/, /from_date_or_timestamp is missing/, /takes \(datepart, interval, from_date_or_timestamp\)/, /no IANA time zone/, /does not end/, /type_/, /spelt out/, /condition/, /negated/, /none/];
    assert.deepEqual(problems.map((problem) => problem.line), found.map((_, i) => i + 1));
    found.forEach((pattern, i) => assert.match(problems[i]!.message, pattern));
  });

  it('reach nothing of this process', () => {
    for (const text of ["{{ ''.constructor }}", "{{ ''['constructor'] }}", '{{ range(3) }}', '{{ cycler(1) }}', '{% for x in [1] %}{% endfor %}', '{% macro m() %}{% endmacro %}', '{{ constructor }}', '{{ __proto__ }}', '{{ toString() }}']) {
      assert.ok(problemsOf(text).length > 0, text);
    }
  });

  it('say where a template that is no template ends or breaks off', () => {
    const [unfinished] = problemsOf('SELECT 1\n, {{ days', { days: 1 });
    assert.deepEqual([unfinished?.line, unfinished?.column], [2, 3]);
    assert.ok(problemsOf('{% if x %}', { x: true }).length > 0);
  });

  it('refuse parameters that no template can use', () => {
    const problems = problemsOf('SELECT 1', { 'a-b': 1, as_of: 2, big: Infinity }, 'INVALID_INPUT');
    assert.deepEqual(problems.map((problem) => problem.path), ['loader.parameters.a-b', 'loader.parameters.as_of', 'loader.parameters.big']);
  });
});

describe('loader SQL files', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-templates-'));
    await mkdir(join(folder, 'recipes', 'sql'), { recursive: true });
    await writeFile(join(folder, 'secret.sql.j2'), 'SELECT 1');
    await writeFile(join(folder, 'recipes', 'sql', 'plain.sql.j2'), 'SELECT 2');
    await symlink(join(folder, 'secret.sql.j2'), join(folder, 'recipes', 'sql', 'link.sql.j2'));
    await symlink('plain.sql.j2', join(folder, 'recipes', 'sql', 'inner.sql.j2'));
    await symlink(folder, join(folder, 'recipes', 'up'));
  });
  after(() => rm(folder, { recursive: true }));

  it('come from the recipes folder only, also through links', async () => {
    const templates = createSqlTemplates({ folder: join(folder, 'recipes'), dialect: 'postgres' });
    assert.equal(await templates.source('sql/plain.sql.j2'), 'SELECT 2');
    assert.equal(await templates.source('sql/inner.sql.j2'), 'SELECT 2');
    for (const path of ['../secret.sql.j2', 'sql/../../secret.sql.j2', join(folder, 'secret.sql.j2'), 'sql/link.sql.j2', 'up/secret.sql.j2', 'file:///etc/passwd', '']) {
      await assert.rejects(templates.source(path), (error) => error instanceof PipelineError && error.code === 'INVALID_INPUT', path);
    }
    await assert.rejects(templates.source('sql/none.sql.j2'), (error) => error instanceof PipelineError && error.code === 'NOT_FOUND');
    await assert.rejects(templates.source('x'), /There is no template x in .* There is: sql\/inner\.sql\.j2, .*sql\/plain\.sql\.j2/);
    await assert.rejects(templates.source('sql/plane.sql.j2'), /Did you mean "sql\/plain\.sql\.j2"\?/);
    await assert.rejects(createSqlTemplates({ folder: join(folder, 'nowhere'), dialect: 'postgres' }).source('a.sql.j2'), (error) => error instanceof PipelineError && error.code === 'NOT_FOUND');
  });

  it('render the flights spine for either warehouse', async () => {
    for (const dialect of ['postgres', 'bigquery'] as const) {
      const query = await createSqlTemplates({ folder: RECIPES, dialect }).render({ sourceUri: 'sql/flights_spine.sql.j2', parameters: { days: 364 }, asOfMicros: AS_OF });
      assert.deepEqual(query.values, ['2026-11-23T10:00:00.000000Z', -364]);
      assert.ok(!/[{}]|364|2026/.test(query.sql), query.sql);
    }
  });
});

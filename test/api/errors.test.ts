import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { HTTP_CODES, STATUS_OF_CODE } from '../../api/errors.ts';
import { exitCodeOf } from '../../cli/exit-codes.ts';
import { ERROR_CODES, type ErrorCode } from '../../domain/errors.ts';

describe('docs/errors.md', () => {
  let rows: readonly (readonly string[])[];
  before(async () => {
    const text = await readFile('docs/errors.md', 'utf8');
    rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (.*) \|$/gm)].map(([, code, rest]) => [code!, ...rest!.split(' | ')]);
  });

  it('has every code with its meaning, exit code, HTTP status and whether to try again, and no other', () => {
    const codes = Object.keys(ERROR_CODES) as ErrorCode[];
    const expected = codes.map((code) => [code, ERROR_CODES[code].meaning, String(exitCodeOf(code)), String(STATUS_OF_CODE[code] ?? 500), ERROR_CODES[code].retryable ? 'yes' : 'no']);
    assert.deepEqual(rows.filter((row) => row.length === 5), expected);
  });

  it('has every code of HTTP alone with its status and meaning, and no other', () => {
    assert.deepEqual(rows.filter((row) => row.length === 3), Object.entries(HTTP_CODES).map(([code, { status, meaning }]) => [code, String(status), meaning]));
  });
});

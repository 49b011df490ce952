import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { answerProblems, curlCommand, formatAnswer } from '../../scripts/quickstart-prediction.ts';
import type { PredictAnswer } from '../../api/predict.ts';

const flight = { carrier: "O'X", flight: 1, origin: 'JFK', dest: 'LAX', tailnum: 'N1', distance: 2475, departure: '2026-01-01T00:00Z', hour: 9, weekday: 1, month: 11 };

function answerWith(present: number): PredictAnswer {
  const names = Array.from({ length: 16 }, (_, index) => `f${index}`);
  const features = Object.fromEntries(names.map((name, index) => [name, index < present ? { value: index, status: 'PRESENT' as const } : { value: null, status: 'NOT_FOUND' as const }]));
  return { model: { name: 'm', version: '1', run_id: 'r', model_id: 'i' }, as_of: '2026-01-01T00:00:00Z', predictions: [{ prediction: 'late', features, missing: names.slice(present) }] };
}

describe('the prediction of the quickstart', () => {
  it('is asked for with a command that a shell hands on as it was meant', () => {
    const command = curlCommand('http://127.0.0.1:3000', flight);
    const words = JSON.parse(execFileSync('bash', ['-c', command.replace(/^curl/, `'${process.execPath}' -e 'console.log(JSON.stringify(process.argv.slice(1)))' --`)], { encoding: 'utf8' })) as string[];
    assert.ok(words.includes('http://127.0.0.1:3000/predict'));
    assert.deepEqual(JSON.parse(words.at(-1) ?? ''), { instances: [{ entities: { origin: 'JFK', tailnum: 'N1', carrier: "O'X" }, request: { distance: 2475, hour: 9, weekday: 1, month: 11 } }] });
  });

  it('is good with twelve features of sixteen, and not with eleven, whose missing ones are named', () => {
    assert.deepEqual(answerProblems(answerWith(12)), []);
    assert.match(answerProblems(answerWith(11)).join(), /11 of 16 .*Missing: f11, f12, f13, f14, f15/);
  });

  it('is not there when the API answers an error', () => {
    assert.equal(answerProblems({}).length, 1);
  });

  it('is shown as JSON that reads back the same, each feature on one line', () => {
    const text = formatAnswer(answerWith(12));
    assert.deepEqual(JSON.parse(text), answerWith(12));
    assert.ok(text.split('\n').some((line) => line.trim() === '"f3": {"value":3,"status":"PRESENT"},'));
  });
});

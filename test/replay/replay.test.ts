import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { testWorkflowBundle } from '../support/temporal.ts';

const HISTORIES = join(import.meta.dirname, 'histories');

interface RecordedEvent {
  readonly eventType: string;
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
  workflowExecutionStartedEventAttributes?: { workflowId: string };
}

interface Recorded {
  events: RecordedEvent[];
}

const files = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));
const read = (file: string): Recorded => JSON.parse(readFileSync(join(HISTORIES, file), 'utf8')) as Recorded;
const replay = async (history: Recorded): Promise<void> => Worker.runReplayHistory({ workflowBundle: await testWorkflowBundle(), reuseV8Context: true }, history, history.events[0]?.workflowExecutionStartedEventAttributes?.workflowId);

describe('recorded histories', function () {
  this.timeout(60_000);

  for (const file of files) it(`${file.slice(0, -5)} still replays`, () => replay(read(file)));

  for (const [file, activity] of [['train-model-completed.json', 'prepareMatrix'], ['materialize-features-completed.json', 'materializeSlice']] as const) {
    it(`${file.slice(0, -5)} does not replay with ${activity} renamed: the workflow must do what the history says`, async () => {
      const history = read(file);
      const scheduled = history.events.find((event) => event.activityTaskScheduledEventAttributes?.activityType.name === activity);
      scheduled!.activityTaskScheduledEventAttributes!.activityType.name = 'another';
      await assert.rejects(replay(history), DeterminismViolationError);
    });
  }

  it('are of every end that a workflow can come to', () => {
    const ends = files.map((file) => `${file.split('-')[0]} ${read(file).events.at(-1)!.eventType}`);
    for (const type of ['train', 'materialize', 'backfill']) for (const end of ['COMPLETED', 'FAILED']) assert.ok(ends.includes(`${type} EVENT_TYPE_WORKFLOW_EXECUTION_${end}`), `${type} ${end}`);
    assert.ok(ends.includes('train EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED'), 'canceled');
    assert.ok(ends.includes('backfill EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW'), 'continued as new');
    assert.ok(files.some((file) => JSON.stringify(read(file)).includes('"attempt":2')), 'a retried activity');
  });

  it('hold references and figures: no row of data, no password, and no payload above 20 KB', () => {
    for (const file of files) {
      const payloads = [...JSON.stringify(read(file)).matchAll(/"data":"([A-Za-z0-9+/=]+)"/g)].map((match) => Buffer.from(match[1]!, 'base64').toString());
      assert.ok(payloads.length > 0, file);
      for (const payload of payloads) {
        assert.ok(payload.length < 20_000, `${file}: a payload of ${payload.length} bytes`);
        // A plane's registration stands for a row of data: every row of these flights has one.
        assert.doesNotMatch(payload, /\bN\d{1,3}[A-Z0-9]{2}\b|postgres(ql)?:\/\/|redis:\/\/|password/i, file);
      }
    }
  });
});

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { createFixtureProject, type FixtureProject } from '../support/fixture-project.ts';
import { connectClient } from '../support/temporal.ts';
import { materializeWorkflowId, backfillWorkflowId, trainWorkflowId } from '../../temporal/workflow-ids.ts';
import { runCommand, ROOT, type Finished } from './command.ts';

describe('What the servers know to be wrong is refused before a workflow is started', function () {
  this.timeout(90_000);
  let project: FixtureProject;
  let client: Client;
  let close: () => Promise<void>;
  let good: string;

  before(async () => {
    project = await createFixtureProject();
    ({ client, close } = await connectClient(project.config.temporal.address));
    good = await readFile(join(ROOT, 'recipes', 'models', 'classification', 'random_forest_classifier.yaml'), 'utf8');
  });
  after(async () => {
    await close();
    await project.remove();
  });

  /** Runs the command, and holds that it was refused and started nothing. */
  async function refused(workflowId: string, ...args: readonly string[]): Promise<Finished> {
    const finished = await runCommand(project.folder, ...args);
    assert.deepEqual([finished.code, finished.stdout], [2, ''], finished.stderr);
    assert.doesNotMatch(finished.stderr, /Started|Joined/);
    await assert.rejects(client.workflow.getHandle(workflowId).describe(), { name: 'WorkflowNotFoundError' });
    return finished;
  }

  /** The lines that are printed for the good recipe with these texts in place of others. `{at X}` in an expected line is where X stands in the file. */
  async function assertRefused(changes: readonly (readonly [from: string, to: string])[], expected: readonly string[]): Promise<void> {
    const recipe = `${project.config.project}_misfit`;
    const text = changes.reduce((before, [from, to]) => {
      assert.ok(before.includes(from), `the recipe has no ${from}`);
      return before.replace(from, to);
    }, good);
    await writeFile(join(project.folder, 'recipes', `${recipe}.yaml`), text);
    const { stderr } = await refused(trainWorkflowId(recipe), 'train', '--recipe-file', recipe);
    const place = (_: string, word: string): string => {
      const before = text.slice(0, text.indexOf(word)).split('\n');
      return `(line ${before.length}, column ${before.at(-1)!.length + 1})`;
    };
    assert.deepEqual(stderr.trimEnd().split('\n').slice(1), expected.map((line) => `  - ${line.replace(/\{at ([^}]+)\}/, place)}`));
  }

  it('an unknown service and columns that the query does not select, each at its own value', async () => {
    await assertRefused(
      [['flight_delay_v1', 'flight_delay_v9'], ['[distance, ', '[distanse, '], ['timestamp_column: event_timestamp', 'timestamp_column: event_timestam'], ['target_column: arrived_late', 'target_column: arrived_lat']],
      [
        'augmenter.feature_service {at flight_delay_v9}: There is no feature service "flight_delay_v9". Did you mean "flight_delay_v1"?',
        'loader.entity_schema.timestamp_column {at event_timestam}: is event_timestam, which sql/flights_spine.sql.j2 does not select. Did you mean "event_timestamp"?',
        'augmenter.request_columns[0] {at distanse}: is distanse, which sql/flights_spine.sql.j2 does not select. Did you mean "distance"?',
        'data_interface.target_column {at arrived_lat}: is arrived_lat, which sql/flights_spine.sql.j2 does not select. Did you mean "arrived_late"?',
      ],
    );
  });

  it('a template that is not there, with the nearest that is', async () => {
    await assertRefused([['sql/flights_spine.sql.j2', 'sql/flight_spine.sql.j2']], [`loader.source_uri {at sql/flight_spine}: There is no template sql/flight_spine.sql.j2 in ${join(project.folder, 'recipes')}. Did you mean "sql/flights_spine.sql.j2"?`]);
  });

  it('a feature that is misspelt in a list, at its entry', async () => {
    await assertRefused([['feature_service: flight_delay_v1', 'features: [weather:visib, weather:tmp]']], ['augmenter.features[1] {at weather:tmp}: Feature view "weather" has no feature "tmp". Did you mean "temp"?']);
  });

  it('a misspelt column of a step, at its entry, with the entity columns among what it may be', async () => {
    await assertRefused([['one_hot: [carrier, origin]', 'one_hot: [carier, origin]']], ['preprocessor.steps[1].one_hot[0] {at carier}: carier is no input of the model. Did you mean "carrier"?']);
  });

  it('views that the registry does not have, and a window that ends before it starts', async () => {
    const unknown = /names wether, which is no online feature view of the registry\. Did you mean "weather"\?/;
    assert.match((await refused(materializeWorkflowId(['wether']), 'materialize', '--views', 'wether')).stderr, unknown);
    assert.match((await refused(backfillWorkflowId(['wether']), 'backfill', '--views', 'wether', '--start', '2013-11-01T00:00:00Z')).stderr, unknown);
    const backwards = /The window of plane_info starts at 2013-11-02T00:00:00\.000000Z, after its end 2013-11-01T00:00:00\.000000Z/;
    const window = ['--views', 'plane_info', '--start', '2013-11-02T00:00:00Z', '--end', '2013-11-01T00:00:00Z'];
    assert.match((await refused(backfillWorkflowId(['plane_info']), 'backfill', ...window)).stderr, backwards);
  });
});

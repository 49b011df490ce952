import assert from 'node:assert/strict';
import { ServiceError } from '@temporalio/client';
import { toldAway } from '../../cli/temporal-away.ts';
import { PipelineError } from '../../domain/errors.ts';
import { materializeWorkflowId } from '../../temporal/workflow-ids.ts';
import { openRelay } from '../adapters/redis/relay.ts';
import { testServers } from '../support/servers.ts';
import { connectClient, randomId } from '../support/temporal.ts';
import { makeProject, startCommand } from './command.ts';

const grpc = (code: number): Error => Object.assign(new Error(`${code} FROM SERVER`), { code });

describe('A command whose Temporal goes away', function () {
  this.timeout(90_000);

  it('ends with UNAVAILABLE where a call was not answered, and with its own error otherwise', () => {
    for (const error of [grpc(14), grpc(4), new ServiceError('Failed to start Workflow', { cause: grpc(14) }), new Error('outer', { cause: new ServiceError('inner', { cause: grpc(14) }) })]) {
      const told = toldAway(error, 'Temporal is away');
      assert.ok(told instanceof PipelineError && told.code === 'UNAVAILABLE' && told.message === 'Temporal is away', String(error));
    }
    const own = new PipelineError('NOT_FOUND', 'There is no schedule.', { cause: grpc(14) });
    for (const error of [own, grpc(3), new TypeError('x'), undefined, 'text']) assert.equal(toldAway(error, 'Temporal is away'), error);
  });

  it('says so, and exits with 3', async () => {
    const temporal = new URL(`http://${(await testServers()).temporalAddress}`);
    const view = randomId('view');
    const relay = await openRelay({ host: temporal.hostname, port: Number(temporal.port) });
    const project = await makeProject({ temporalAddress: `127.0.0.1:${relay.port}` });
    try {
      // The registry is away, too: the workflow is started and waits for it, with the worker that the command runs.
      const command = startCommand(project.folder, 'materialize', '--views', view);
      await command.said('Started');
      await relay.close();
      const { code, stderr } = await command.finished;
      assert.equal(code, 3, stderr);
      assert.match(stderr, /error: Temporal.* does not answer any more/);
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack');
    } finally {
      const { client, close } = await connectClient(temporal.host);
      await client.workflow.getHandle(materializeWorkflowId([view])).terminate();
      await close();
      await project.remove();
    }
  });
});

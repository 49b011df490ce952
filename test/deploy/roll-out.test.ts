import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { registerModel } from '../api/model-fixture.ts';
import { makeProject, startCommandWith, type StartedCommand } from '../cli/command.ts';
import { testServers } from '../support/servers.ts';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';

const BODY = JSON.stringify({ instances: [{ entities: { origin: 'JFK', plane_id: 7 }, request: { distance: 1000, weekend: 0, meal: null } }] });
const CALLERS = 8;

/** Status of one answer; 0 where the connection broke. */
function ask(port: number, agent: Agent, path = '/predict'): Promise<number> {
  return new Promise((resolve) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path, agent, method: path === '/predict' ? 'POST' : 'GET', headers: { 'content-type': 'application/json' } }, (response) => response.resume().once('end', () => resolve(response.statusCode ?? 0)).once('error', () => resolve(0)));
    sent.once('error', () => resolve(0)).end(path === '/predict' ? BODY : undefined);
  });
}

/** Passes requests to whichever revision it is told, over connections that it keeps, and tries none twice. */
async function openProxy(first: number): Promise<{ readonly port: number; target: number; readonly asked: Map<number, number>; close(): void }> {
  const agent = new Agent({ keepAlive: true });
  const asked = new Map<number, number>();
  const state = { target: first };
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const port = state.target;
    asked.set(port, (asked.get(port) ?? 0) + 1);
    const onward = httpRequest({ host: '127.0.0.1', port, path: request.url, method: request.method, headers: { 'content-type': 'application/json', 'content-length': request.headers['content-length'] ?? '0' }, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502);
      answer.pipe(response);
    });
    onward.once('error', () => response.writeHead(502).end());
    request.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    get target() {
      return state.target;
    },
    set target(port) {
      state.target = port;
    },
    close: () => {
      agent.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('A roll-out under load', function () {
  this.timeout(60_000);

  it('fails no request: the new revision is ready before the old one is told to end, and that one finishes what it has', async () => {
    const { redisUrl } = await testServers();
    const [oldPort, newPort] = (await findFreePorts(2)) as [number, number];
    const project = await makeProject({ redisUrl, project: `roll_out_${oldPort}`, featureServer: 'off', stopDelaySeconds: 1 });
    await registerModel(join(project.folder, 'mlruns'));
    const agent = new Agent({ keepAlive: true });
    const revisions: StartedCommand[] = [];
    const start = async (port: number): Promise<StartedCommand> => {
      const revision = startCommandWith({}, project.folder, 'serve', '--port', String(port));
      revisions.push(revision);
      while ((await ask(port, agent, '/health/ready')) !== 200) await sleep(50);
      return revision;
    };
    try {
      const old = await start(oldPort);
      const proxy = await openProxy(oldPort);
      const callers = new Agent({ keepAlive: true, maxSockets: CALLERS });
      const statuses = new Map<number, number>();
      let loaded = true;
      const load = Promise.all(Array.from({ length: CALLERS }, async () => {
        while (loaded) {
          const status = await ask(proxy.port, callers);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      }));
      await start(newPort);
      assert.equal(await ask(oldPort, agent, '/health/ready'), 200, 'both serve');
      old.child.kill('SIGTERM');
      await sleep(100); // requests still come, until whoever sends them has seen that it ends
      assert.equal(await ask(oldPort, agent, '/health/ready'), 503);
      proxy.target = newPort;
      const { code, stderr } = await old.finished;
      await sleep(500);
      loaded = false;
      await load;
      const total = [...statuses.values()].reduce((sum, count) => sum + count, 0);
      assert.deepEqual([...statuses.keys()], [200], JSON.stringify([...statuses]));
      assert.ok(total > 1_000, `${total} requests`);
      assert.ok((proxy.asked.get(oldPort) ?? 0) > 100 && (proxy.asked.get(newPort) ?? 0) > 100);
      assert.equal(code, 0, stderr);
      callers.destroy();
      proxy.close();
    } finally {
      agent.destroy();
      for (const { child } of revisions) child.kill('SIGTERM');
      await Promise.all(revisions.map(({ finished }) => finished));
      await project.remove();
    }
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describeHolder, findFreePorts, findPortHolder, refuseHeldPorts } from '../../../adapters/local-stack/port-holder.ts';

describe('the holder of a port', () => {
  it('is nobody where the port is free', async () => {
    const ports = await findFreePorts(3);
    assert.equal(new Set(ports).size, 3);
    assert.deepEqual(ports.map(findPortHolder), [undefined, undefined, undefined]);
    refuseHeldPorts('Not started.', ports.map((port) => ({ port, setting: 'X' })));
  });

  it('is found in another process, by number and command', async () => {
    const script = "const s = require('node:net').createServer(); s.listen(0, '127.0.0.1', () => console.log(s.address().port))";
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [text] = (await once(child.stdout, 'data')) as [Buffer];
      const port = Number(text.toString());
      const holder = findPortHolder(port);
      assert.equal(holder?.pid, child.pid);
      assert.match(describeHolder(holder ?? { port }), new RegExp(`process ${child.pid} \\(.*node -e const s`));
      assert.throws(() => refuseHeldPorts('Not started.', [{ port, setting: 'REDIS_PORT' }]), /REDIS_PORT: port \d+ on this machine is in use by process/);
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });

  it('is found on IPv6 too, and on every address', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const { port } = server.address() as { port: number };
    assert.equal(findPortHolder(port)?.pid, process.pid);
    await new Promise((resolve) => server.close(resolve));
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { withStackLock } from '../../../adapters/local-stack/lock.ts';

describe('the lock of a stack', () => {
  const folder = `/lock-test-${process.pid}`;

  it('lets one in at a time, each in turn, also after a failure', async () => {
    let inside = 0;
    const work = async (): Promise<string> => {
      inside += 1;
      assert.equal(inside, 1);
      await sleep(20);
      inside -= 1;
      return 'done';
    };
    await assert.rejects(withStackLock(folder, () => Promise.reject(new Error('mine'))), /mine/);
    assert.deepEqual(await Promise.all([withStackLock(folder, work), withStackLock(folder, work), withStackLock(folder, work)]), ['done', 'done', 'done']);
  });

  it('keeps no one out of another folder, and says who it waited for when patience ends', async () => {
    await withStackLock(folder, async () => {
      assert.equal(await withStackLock(`${folder}-other`, () => Promise.resolve(1)), 1);
      await assert.rejects(withStackLock(folder, () => Promise.resolve(1), 150), /Another process has been starting or stopping the stack of \/lock-test/);
    });
  });

  it('ends with the process that holds it, however that ends', async () => {
    const script = `import { withStackLock } from './adapters/local-stack/lock.ts'; await withStackLock('${folder}', () => new Promise((end) => { setTimeout(end, 60000); console.log('in'); }));`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await assert.rejects(withStackLock(folder, () => Promise.resolve(1), 50), /Another process/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(await withStackLock(folder, () => Promise.resolve(1)), 1);
  });
});

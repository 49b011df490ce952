import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { underLock } from '../../../adapters/mlflow/lock.ts';
import { ownIdentity } from '../../../adapters/mlflow/process-identity.ts';
import { PipelineError } from '../../../domain/errors.ts';

describe('the lock of a file store', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lock-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const hold = (owner: unknown): Promise<void> => writeFile(join(folder, '7'), JSON.stringify(owner));

  it('lets one caller in at a time, and keeps few files', async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, (inside += 1));
      await sleep(1);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 24 }, () => underLock(folder, work)));
    assert.equal(most, 1);
    assert.ok((await readdir(folder)).length <= 18, String(await readdir(folder)));
  });

  it('is given back when the work fails', async () => {
    await assert.rejects(underLock(folder, () => Promise.reject(new Error('no'))), /no/);
    assert.equal(await underLock(folder, () => Promise.resolve(1), 50), 1);
  });

  it('is broken at once when its owner is gone, also when another process has its number now', async () => {
    await hold({ ...ownIdentity(), startTime: '1' });
    assert.equal(await underLock(folder, () => Promise.resolve(1), 50), 1);
  });

  it('is not taken from an owner that lives: the wait ends with its number', async () => {
    await hold(ownIdentity());
    await assert.rejects(underLock(folder, () => Promise.resolve(1), 50), (error) => error instanceof PipelineError && error.code === 'UNAVAILABLE' && error.message.includes(`Process ${process.pid} `));
  });

  it('waits for an owner that cannot be seen from here, but not for ever', async () => {
    await hold({ ...ownIdentity(), space: 'another container' });
    await assert.rejects(underLock(folder, () => Promise.resolve(1), 50), /UNAVAILABLE|has held the lock/);
    await utimes(join(folder, '7'), new Date(), new Date(Date.now() - 120_000));
    assert.equal(await underLock(folder, () => Promise.resolve(1), 50), 1);
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

describe('The scripts of the deployment', () => {
  it('have nothing that shellcheck warns of, where it is there', function () {
    if (spawnSync('shellcheck', ['--version']).error !== undefined) this.skip();
    // SC2034: what one step sets, another reads.
    const { status, stdout } = spawnSync('sh', ['-c', 'shellcheck --shell=bash --exclude=SC2034 deploy/*.sh deploy/*/*.sh'], { cwd: ROOT, encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { completeLockfile } from '../../scripts/complete-lockfile.ts';
import type { Lockfile } from '../../scripts/complete-lockfile.ts';

describe('the completed lockfile', () => {
  it('has an entry for each optional dependency that was missing, with its platform, and keeps the others', () => {
    const tool = { version: '1.0.0', dev: true, optionalDependencies: { '@x/tool-darwin-arm64': '1.0.0', '@x/tool-linux-x64': '1.0.0', '@x/tool-linux-armv7': '1.0.0' } };
    const { lockfile, added } = completeLockfile({ packages: { 'node_modules/tool': tool, 'node_modules/tool/node_modules/@x/tool-linux-x64': { version: '1.0.0', integrity: 'sha512-a' } } });
    assert.deepEqual(added, ['@x/tool-darwin-arm64', '@x/tool-linux-armv7']);
    assert.deepEqual(lockfile.packages['node_modules/@x/tool-darwin-arm64'], { version: '1.0.0', dev: true, optional: true, cpu: ['arm64'], os: ['darwin'] });
    assert.deepEqual(lockfile.packages['node_modules/@x/tool-linux-armv7'], { version: '1.0.0', dev: true, optional: true, cpu: ['arm'], os: ['linux'] });
    assert.deepEqual(lockfile.packages['node_modules/tool'], tool);
  });

  it("is the project's own: npm ci takes it on every platform", () => {
    assert.deepEqual(completeLockfile(JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lockfile).added, []);
  });
});

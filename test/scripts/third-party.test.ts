import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (name: string): Promise<string> => readFile(join(ROOT, name), 'utf8');

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly license?: string; readonly dev?: boolean; readonly dependencies?: Readonly<Record<string, string>>; readonly devDependencies?: Readonly<Record<string, string>> }>>;
}

/** Licences under which a package may be part of what runs; CC-BY-4.0 is of data alone. */
const ALLOWED = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'Unlicense', 'CC0-1.0', 'CC-BY-4.0'];

/** Packages whose manifest names no licence in the lockfile, with the licence in the file LICENSE that they hold: SWC's for other machines, and one with the Unlicense's text. */
const READ_BY_HAND = /^node_modules\/(@swc\/core-[a-z0-9-]+|unionfs)$/;

describe('The page of third-party software', () => {
  it('names every direct package with its version, licence and use, and no other', async () => {
    const { packages } = JSON.parse(await read('package-lock.json')) as Lockfile;
    const { dependencies = {}, devDependencies = {} } = packages['']!;
    const expected = [...Object.keys(dependencies).map((name) => [name, 'run time'] as const), ...Object.keys(devDependencies).map((name) => [name, 'development'] as const)].map(([name, use]) => {
      const { version, license } = packages[`node_modules/${name}`]!;
      return `${name} ${version} ${license?.replace(/^\(|\)$/g, '')} ${use}`;
    });
    const section = (await read('THIRD_PARTY.md')).split('## Packages')[1]!.split('\n## ')[0]!;
    const listed = [...section.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(([, ...cells]) => cells.map((cell) => cell.trim())).filter(([name]) => name !== 'package' && name !== '---');
    const named = listed.flatMap(([names = '', version, licence, use]) => {
      const scope = /^@[^/]+\//.exec(names)?.[0] ?? '';
      return names.split(', ').map((name) => `${name.startsWith('@') || !names.includes(', ') || scope === '' ? name : scope + name} ${version} ${licence} ${use}`);
    });
    assert.deepEqual(named.sort(), expected.sort());
  });

  it('is of packages that may be passed on: the whole tree of what runs has such licences', async () => {
    const { packages } = JSON.parse(await read('package-lock.json')) as Lockfile;
    const refused = Object.entries(packages).filter(([path, { dev, license }]) => path !== '' && dev !== true && !(license ? license.split(/ OR | AND |[()]/).some((one) => ALLOWED.includes(one)) : READ_BY_HAND.test(path)));
    assert.deepEqual(refused.map(([path, { license }]) => `${path}: ${license}`), []);
  });
});

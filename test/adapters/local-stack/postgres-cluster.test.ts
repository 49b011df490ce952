import assert from 'node:assert/strict';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canEnter, ensureCluster, postgresAccount, removeCluster } from '../../../adapters/local-stack/postgres-cluster.ts';

const initdb = join(process.env['ML_PIPELINE_TOOLS'] ?? '.tools', 'bin', 'initdb');

describe('a PostgreSQL cluster', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ml-pipeline-cluster-')); // mode 700: for its owner only
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made once, asks for passwords, and leaves no password file', () => {
    const options = { initdb, dataFolder: join(folder, 'data', 'native'), superuserPassword: 'not-in-any-file', durable: false, account: postgresAccount() };
    const place = ensureCluster(options);
    assert.equal(ensureCluster(options), place);
    const logins = readFileSync(join(place, 'pg_hba.conf'), 'utf8').split('\n').filter((line) => /^(local|host)/.test(line));
    assert.ok(logins.length > 0 && logins.every((line) => line.endsWith('scram-sha-256')), logins.join('\n'));
    assert.ok(!existsSync(`${place}.password`) && !existsSync(`${place}.new`));
    removeCluster(options.dataFolder);
    assert.ok(!existsSync(place));
  });

  // Without root it runs as the user, who can enter.
  const account = postgresAccount();
  if (account !== undefined) it('lies elsewhere, behind a link, where its account cannot enter the folder', () => {
    const dataFolder = join(folder, 'native');
    const place = ensureCluster({ initdb, dataFolder, superuserPassword: 'p', durable: false, account });
    assert.ok(lstatSync(dataFolder).isSymbolicLink());
    assert.equal(realpathSync(dataFolder), place);
    assert.match(place, /^\/var\/lib\/ml-pipeline\//);
    removeCluster(dataFolder);
    assert.ok(!existsSync(place));
  });

  it('is made anew over what a killed attempt left', () => {
    chmodSync(folder, 0o755);
    const dataFolder = join(folder, 'native');
    mkdirSync(`${dataFolder}.new`);
    writeFileSync(join(`${dataFolder}.new`, 'half'), '');
    const place = ensureCluster({ initdb, dataFolder, superuserPassword: 'p', durable: false, account: postgresAccount() });
    assert.ok(existsSync(join(place, 'PG_VERSION')) && !existsSync(join(place, 'half')));
    removeCluster(dataFolder);
  });

  it('says what initdb said when it cannot be made', () => {
    const call = (): string => ensureCluster({ initdb: '/bin/false', dataFolder: join(folder, 'native'), superuserPassword: 'p', durable: false, account: undefined });
    assert.throws(call, /could not be made by \/bin\/false/);
    assert.ok(!existsSync(join(folder, 'native.password')));
  });

  it('can be entered by an account only where every folder above lets it pass', () => {
    const stranger = { uid: 65_533, gid: 65_533 };
    mkdirSync(join(folder, 'open'), { mode: 0o755 });
    assert.equal(canEnter(join(folder, 'open'), stranger), false);
    chmodSync(folder, 0o711);
    assert.equal(canEnter(join(folder, 'open'), stranger), true);
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const lines = (file: string): readonly string[] => readFileSync(join(ROOT, file), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('What is uploaded to be built', () => {
  it('leaves here what the build leaves out, and whatever may hold a secret', () => {
    const ignored = lines('.gcloudignore');
    // In this file a name without a slash means every folder of that name, such as domain/data.
    for (const name of lines('.dockerignore')) assert.ok(ignored.includes(/^\.env$|\*/.test(name) ? name : `/${name}`), name);
    for (const name of ['.env', '*.pem', '*.key', 'settings.env']) assert.ok(ignored.includes(name), name);
  });

  it('has what the builds copy', () => {
    const ignored = lines('.gcloudignore').filter((line) => line.startsWith('/')).map((line) => line.slice(1));
    for (const file of ['Dockerfile', 'deploy/mlflow/Dockerfile']) {
      for (const [, paths] of readFileSync(join(ROOT, file), 'utf8').matchAll(/^COPY (?!--from)(.*) \S+$/gm)) {
        for (const path of paths!.split(' ')) assert.ok(existsSync(join(ROOT, path)) && !ignored.includes(path.split('/')[0]!), `${file}: ${path}`);
      }
    }
  });
});

describe('MLflow\'s image', () => {
  it('brings the database up to date and then serves, with its address and password in no argument', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mlflow-image-'));
    try {
      for (const name of ['python', 'mlflow']) {
        writeFileSync(join(folder, name), `#!/bin/sh\nprintf '%s %s\\n' ${name} "$*" >> "${folder}/calls"\n[ -n "$MLFLOW_BACKEND_STORE_URI" ]\n`);
        chmodSync(join(folder, name), 0o755);
      }
      const command = JSON.parse(/^CMD (\[.*\])$/m.exec(readFileSync(join(ROOT, 'deploy', 'mlflow', 'Dockerfile'), 'utf8'))![1]!) as readonly string[];
      const { status, stderr } = spawnSync(command[0]!, command.slice(1), { encoding: 'utf8', env: { PATH: `${folder}:/usr/bin:/bin`, PORT: '8080', MLFLOW_BACKEND_STORE_URI: 'postgresql://mlflow:the-password@/mlflow' } });
      assert.equal(status, 0, stderr);
      const calls = readFileSync(join(folder, 'calls'), 'utf8');
      assert.deepEqual(calls.trim().split('\n').map((call) => call.split(' ').slice(0, 2).join(' ')), ['python /opt/upgrade_database.py', 'mlflow server']);
      assert.ok(!`${command.join(' ')}${calls}`.includes('the-password'));
      assert.match(readFileSync(join(ROOT, 'deploy', 'mlflow', 'upgrade_database.py'), 'utf8'), /os\.environ\["MLFLOW_BACKEND_STORE_URI"\]/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

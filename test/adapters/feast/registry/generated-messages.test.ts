import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateFeastMessages } from '../../../../scripts/generate_feast_messages.ts';

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).sort();
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

describe("the code of Feast's messages", () => {
  it('is what the proto text generates', function () {
    this.timeout(60_000);
    const folder = mkdtempSync(join(tmpdir(), 'generated-'));
    try {
      generateFeastMessages(folder);
      assert.deepEqual(contents(fileURLToPath(new URL('../../../../adapters/feast/gen', import.meta.url))), contents(folder));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

import assert from 'node:assert/strict';
import { refuseUnknownKeys } from '../../../domain/validation/object.ts';
import type { Issue } from '../../../domain/validation/shape.ts';

describe('keys that a mapping does not know', () => {
  const issuesOf = (value: Readonly<Record<string, unknown>>, ...known: readonly string[]): readonly Issue[] => {
    const issues: Issue[] = [];
    refuseUnknownKeys(value, known, { keys: ['steps', 0], issues });
    return issues;
  };

  it('are refused at the key itself, each with the name that is nearest', () => {
    const issue = { message: 'is not known here', onKey: true };
    assert.deepEqual(issuesOf({ colums: [], stratgy: 'mean', strategy_: 1 }, 'columns', 'strategy'), [
      { ...issue, keys: ['steps', 0, 'colums'], cure: 'Did you mean "columns"?' },
      { ...issue, keys: ['steps', 0, 'stratgy'], cure: 'Did you mean "strategy"?' },
      { ...issue, keys: ['steps', 0, 'strategy_'], cure: 'Did you mean "strategy"?' },
    ]);
  });

  it('are rather taken for a name that is not used yet than for a nearer one that is', () => {
    assert.equal(issuesOf({ hosts: 1 }, 'host', 'ports')[0]?.cure, 'Did you mean "host"?');
    assert.equal(issuesOf({ hosts: 1, host: 2 }, 'host', 'hostt')[0]?.cure, 'Did you mean "hostt"?');
  });

  it('are taken for one that is used where no other is near', () => {
    assert.equal(issuesOf({ hosts: 1, host: 2 }, 'host', 'timeout')[0]?.cure, 'Did you mean "host"?');
  });

  it('that are near nothing are answered with all that is known; those that are known say nothing', () => {
    assert.deepEqual(issuesOf({ zzz: 1 }, 'host', 'port').map(({ cure }) => cure), ['Known here: host, port.']);
    assert.deepEqual(issuesOf({ port: 1 }, 'host', 'port'), []);
  });
});

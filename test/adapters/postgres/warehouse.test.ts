import { describeJoinAgainstOracle } from '../../contracts/warehouse-join.ts';
import { openPostgres } from './harness.ts';
import type { PostgresHarness } from './harness.ts';

describe('PostgreSQL warehouse', () => {
  let harness: PostgresHarness;
  before(async () => { harness = await openPostgres(); });
  after(() => harness.close());
  describeJoinAgainstOracle(() => harness);
});

import { describeOnlineStoreContract } from '../../contracts/online-store.contract.ts';
import { openRedisHarness } from './harness.ts';

describeOnlineStoreContract('Redis', () => openRedisHarness());

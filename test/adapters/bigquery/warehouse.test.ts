import { describeWarehouseContract } from '../../contracts/warehouse.ts';
import { openBigQueryHarness } from './harness.ts';

describeWarehouseContract('BigQuery', openBigQueryHarness);

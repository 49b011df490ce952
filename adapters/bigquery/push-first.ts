import type { PushLog } from '../../ports/push-log.ts';

/**
 * The same log, whose tables are made right before the first push that this object takes, not when a process starts: that asks BigQuery, and loads its client, which what serves
 * predictions alone does without. Where it fails, that push fails, and the next one tries again.
 */
export function prepareWithFirstPush(log: PushLog): PushLog {
  let prepared: Promise<void> | undefined;
  const prepare = async (): Promise<void> => {
    prepared ??= log.prepare();
    try {
      await prepared;
    } catch (error) {
      prepared = undefined;
      throw error;
    }
  };
  return {
    ...log,
    prepare: () => Promise.resolve(),
    record: async (pushes) => {
      await prepare();
      return log.record(pushes);
    },
  };
}

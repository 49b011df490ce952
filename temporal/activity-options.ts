import type { ActivityOptions } from '@temporalio/common';

/**
 * A value error comes back at once as a non-retryable failure; what is retried is servers away and killed workers. Half an hour of attempts outlasts the restart of a
 * server and ends before somebody has to wonder why nothing happens.
 */
const RETRY = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 35 } as const;

/** A worker that was killed is missed after this long: long enough for a garbage collection on a busy machine, short enough to go on soon. */
const HEARTBEAT = '10s';

/** Training has hours to lose: it also outlives a short absence of Temporal's server, during which no heartbeat arrives. */
const TRAINING_HEARTBEAT = '20s';

/** A cancelled step is waited for: when the workflow has ended, its query, process and temporary files are gone. (Left out, the SDK does not wait.) */
const COMMON = { cancellationType: 'WAIT_CANCELLATION_COMPLETED', retry: RETRY } as const;

/** Heartbeats reach the server at most this often. With them come cancellations, and the cursor that a next attempt resumes from. */
export const HEARTBEAT_THROTTLE = '2s';

/** Registry look-ups, recipe checks, aliases: seconds at most. */
export const QUICK: ActivityOptions = { ...COMMON, startToCloseTimeout: '2 minutes', heartbeatTimeout: HEARTBEAT };

/** The spine query and the joins run as long as the warehouse needs. */
export const WAREHOUSE: ActivityOptions = { ...COMMON, startToCloseTimeout: '2 hours', heartbeatTimeout: HEARTBEAT };

/** A slice of materialization is sized for well under a minute; the rest is for a slow store. */
export const SLICE: ActivityOptions = { ...COMMON, startToCloseTimeout: '30 minutes', heartbeatTimeout: HEARTBEAT };

/** Training restarts from its beginning: few attempts, since each costs the whole time. A library that crashes does so again. */
export const TRAINING: ActivityOptions = { ...COMMON, startToCloseTimeout: '12 hours', heartbeatTimeout: TRAINING_HEARTBEAT, retry: { ...RETRY, maximumAttempts: 5 } };

/** Said once per workflow and kept in its history without a trip to a task queue. */
export const LOCAL: ActivityOptions & { startToCloseTimeout: string } = { startToCloseTimeout: '10s' };

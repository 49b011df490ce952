import { setImmediate } from 'node:timers/promises';
import { ESTIMATORS } from '../../domain/model/estimators.ts';
import type { TrainingProgress } from '../../ports/trainer.ts';
import type { TrainingLibrary } from '../../ports/training-library.ts';
import { packError, type ChildMessage, type ChildTask } from './messages.ts';
import { endWithParent } from './parent-watch.ts';
import { readJob } from './read-job.ts';

/** The main module of the child process: takes one task, trains, answers and ends. */
process.once('message', (task: ChildTask) => void run(task));
// The parent decides what an interrupt at the terminal means. When it goes, this process goes.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(1));

async function run(task: ChildTask): Promise<void> {
  endWithParent(task.parentPid);
  await tell(await answerTo(task));
  process.exit(0);
}

async function answerTo(task: ChildTask): Promise<ChildMessage> {
  try {
    const library = await libraryFor(task);
    return { type: 'done', model: await library.train(await readJob(task.request, report)) };
  } catch (error) {
    return { type: 'failed', error: packError(error) };
  }
}

/** Loads only the library that the estimator needs: one native library per process. */
async function libraryFor(task: ChildTask): Promise<TrainingLibrary> {
  if (ESTIMATORS[task.request.estimator]?.library === 'linear') return (await import('../mljs/training-library.ts')).createLinearTrainingLibrary();
  const { createLightgbmTrainingLibrary } = await import('../lightgbm/training-library.ts');
  return createLightgbmTrainingLibrary(task.lightgbmLibrary === undefined ? {} : { library: task.lightgbmLibrary });
}

/** Between two iterations the event loop gets its turn: the message goes out, and a parent that is gone is noticed. */
async function report(progress: TrainingProgress): Promise<void> {
  await tell({ type: 'progress', progress });
  await setImmediate();
}

function tell(message: ChildMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    if (process.send === undefined) throw new Error('this module runs in a child process with a channel to its parent');
    process.send(message, undefined, {}, (error) => (error === null ? resolve() : reject(error)));
  });
}

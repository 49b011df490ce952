import { createTrainer } from '../../../adapters/trainers/trainer.ts';
import { requestFor, synthesize } from './synthetic.ts';

/** A process that trains for minutes, for tests that kill it: it prints a line per iteration. */
const { request } = await requestFor(synthesize(20_000, { classes: 2 }), 'LGBMClassifier', { n_estimators: 100_000, num_leaves: 255 }, 2);
await createTrainer().train({ ...request, onProgress: ({ iteration }) => process.stdout.write(`${request.outputFolder} ${iteration}\n`) });

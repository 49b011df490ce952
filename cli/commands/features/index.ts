import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { registerApply } from './apply.ts';
import { registerAudit } from './audit.ts';
import { registerDescribe } from './describe.ts';
import { registerGet } from './get.ts';
import { registerHistorical } from './historical.ts';
import { registerList } from './list.ts';
import { registerValidate } from './validate.ts';

/** `ml-pipeline features ...`: one file a subcommand. */
export function registerFeatures(program: Command, context: CommandContext): void {
  const features = program.command('features').description('Feature definitions: the files of feature_repo/, the registry, and the tables behind them.');
  for (const register of [registerApply, registerValidate, registerList, registerDescribe, registerGet, registerHistorical, registerAudit]) register(features, context);
}

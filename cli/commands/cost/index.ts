import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { registerCostEstimate } from './estimate.ts';

/** `ml-pipeline cost ...`: one file a subcommand. */
export function registerCost(program: Command, context: CommandContext): void {
  registerCostEstimate(program.command('cost').description('What a recipe costs on the cloud.'), context);
}

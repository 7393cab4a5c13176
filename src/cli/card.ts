/** `inic card`: a card of a described world, as ethtool shows a device. */
import { type Command, Option } from 'commander';
import type { CardFlags } from './card-action.ts';
import { CARD_VIEWS } from './card-views.ts';
import { numberIn } from './numbers.ts';
import { addExamples } from './plan-options.ts';

export function addCard(program: Command): void {
  const command = program
    .command('card')
    .description('show a card of a described world as ethtool would, and what it really offloads')
    .argument('[view]', `what of it: ${CARD_VIEWS.join(', ')} (default: show)`)
    .option('--world <file>', "the world's description, or the name of a bundled one (default: pair)")
    .option('--card <name>', 'which of its cards (default: each)')
    .addOption(
      new Option('--spelling <which>', "of features: today's names of ethtool, or older ones")
        .choices(['today', 'older'])
        .default('today'),
    )
    .option(
      '--set <changes>',
      'features changed first, as ethtool -K does: tso=off,gro=on; for features, stats and connections',
    )
    .option(
      '--for <ms>',
      'milliseconds of virtual time the world runs for stats, connections, neighbours and routes',
      numberIn(0, 60_000),
      10,
    )
    .option(
      '--policy <file>',
      'rules of offload: policy says what they decide, and what runs has hosts with a stack beside their cards',
    )
    .action(async (view: string | undefined, flags: CardFlags, self: Command) => {
      const { card } = await import('./card-action.ts');
      const given = Object.keys(flags).filter((name) => self.getOptionValueSource(name) === 'cli');
      card(view, flags, given);
    });
  addExamples(command, [
    ['inic card features', 'of the cards of a bundled world'],
    ['inic card features --set tx=off', 'what goes off with the checksums of what is sent'],
    ['inic card stats --world world.yaml --card nic', 'what it has counted after 10 ms'],
    ['inic card policy --world world.yaml --policy rules.txt', 'which rule decides on each program'],
  ]);
}

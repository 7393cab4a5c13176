/**
 * `inic drill FILE…`: runs packetdrill scripts against the package's own TCP/IPv4, in virtual time. The exit
 * status is 0 if all passed, 1 if one failed, 2 if one is no script, and 3 if one was not judged.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { DrillFlags } from './drill-action.ts';
import { integerIn, numberIn } from './numbers.ts';
import { addExamples } from './plan-options.ts';

const PORT = integerIn(1, 65_535);

export function addDrill(program: Command): void {
  const command = program
    .command('drill')
    .description('run packetdrill scripts against the TCP/IPv4 of a card, in virtual time')
    .argument('<files...>', 'scripts, or folders with scripts named *.pkt; - for standard input')
    .option('-v, --verbose', 'print all that goes in and out, as a script')
    .option('--json', 'the verdicts for machines')
    .option('-D, --define <name=value>', 'what a word of the scripts stands for; may be repeated', define)
    .option('--sysctl <name=value>', 'a setting by Linux’s name; may be repeated', define)
    .option(
      '--seed <n>',
      'what chance decides, such as initial sequence numbers (default: 1)',
      integerIn(0, 0x7fffffff),
    )
    .addOption(
      new Option(
        '--system <name>',
        'whose defaults the host has (default: that of the script, by the settings it names)',
      ).choices(['linux', 'freebsd']),
    )
    .option('--local_ip <address>', 'the host’s own address (default: 192.168.0.1)')
    .option('--remote_ip <address>', 'its peer’s (default: 192.0.2.1)')
    .option('--bind_port <port>', 'the port of bind(3, ..., ...) (default: 8080)', PORT)
    .option('--connect_port <port>', 'the port of connect(3, ..., ...) (default: 8080)', PORT)
    .option('--mtu <bytes>', 'the largest packet of the host’s device (default: 1500)', integerIn(68, 65_535))
    .option('--tolerance_usecs <us>', 'how early or late an event may be (default: 4000)', integerIn(0, 1e9))
    .option(
      '--tolerance_percent <share>',
      'and by which share of the time since the event before (default: 12.5)',
      numberIn(0, 100),
    )
    .action(async (files: readonly string[], flags: DrillFlags) => {
      const { drill } = await import('./drill-action.ts');
      await drill(files, flags);
    });
  addExamples(command, [
    ['inic drill test/scenario', 'all scripts of a folder'],
    ['inic drill -v close.pkt', 'and all that went in and out'],
    ['inic drill --sysctl net.ipv4.tcp_sack=0 close.pkt', 'with another setting'],
  ]);
}

/** Gathers `name=value`. */
function define(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError(`expected name=value, got "${text}".`);
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}

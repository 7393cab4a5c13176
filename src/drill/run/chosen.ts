/**
 * What a script chooses before its first call: congestion control and loss recovery are made with the stack,
 * so the commands at its head are looked at for them beforehand.
 */
import type { SystemName } from '../host/live-config.ts';
import type { ScriptEvent } from '../script/ast.ts';
import type { Token } from '../script/lexer.ts';
import { LINUX_PREAMBLE } from './preamble.ts';

/** By the end of a name: `tcp_recovery=0`, or `echo 0 > …/tcp_recovery`. */
const CHOICES: readonly (readonly [string, RegExp, RegExp])[] = [
  choice('net.ipv4.tcp_congestion_control', 'tcp_congestion_control|tcp\\.cc\\.algorithm'),
  choice('net.ipv4.tcp_recovery', 'tcp_recovery|tcp\\.functions_default'),
];
/** What there is; anything else is left to be refused where it stands. */
const KNOWN = /^(reno|newreno|cubic|0|1|3|4|freebsd|rack)$/;

function choice(name: string, ends: string): readonly [string, RegExp, RegExp] {
  return [
    name,
    new RegExp(`(?:${ends})\\s*=\\s*"?(\\w+)`, 'g'),
    new RegExp(`echo\\s+"?(\\w+)"?\\s*>\\s*\\S*(?:${ends})\\b`, 'g'),
  ];
}

const OF_LINUX = /\bnet[./](ipv4|core)[./]|defaults\.sh|set_sysctls/;
const OF_FREEBSD = /\b(net\.inet|kern)\.\w|\bkld(load|stat)\b/;

/** What one of them alone knows: an option of its own, or what scripts for several are told apart by. */
const WORDS_OF_FREEBSD: ReadonlySet<string> = new Set(['TCP_KEEPINIT', 'TCP_NOOPT', 'TCP_NOPUSH']);

/** A SYN of ours whose options are in FreeBSD's order: Linux's window scale is the last of them. */
const SYN_OF_FREEBSD = />[^<\n]*\bS[EWF]*\.?[^<\n]*<\s*mss\s+\d+\s*,\s*nop\s*,\s*wscale\s+\d+\s*,\s*sackOK/;

/**
 * The system that a script is written for, by what the commands before anything else name; where they name
 * nothing, by those that follow, by options that FreeBSD alone has, and by the order of those of a SYN.
 * @param tokens of all that it says, whatever `#ifdef` leaves out. @param source the same as text.
 */
export function systemOf(tokens: readonly Token[], source: string): SystemName {
  const first = tokens.findIndex(({ kind, text }) => isNoCommand(kind, text));
  const end = first < 0 ? tokens.length : first;
  const said = named(tokens.slice(0, end)) ?? named(tokens.slice(end));
  return said ?? (SYN_OF_FREEBSD.test(source) ? 'freebsd' : 'linux');
}

/** Whether a token begins what is neither a command, nor its time, nor an option. */
function isNoCommand(kind: Token['kind'], text: string): boolean {
  return kind === 'word' || kind === 'code' || (kind === 'sign' && (text === '<' || text === '>'));
}

function named(tokens: readonly Token[]): SystemName | undefined {
  const text = tokens.map((token) => (token.kind === 'shell' ? token.text : '')).join('\n');
  if (OF_LINUX.test(text)) return 'linux';
  const own = tokens.some((token) => token.kind === 'word' && WORDS_OF_FREEBSD.has(token.text));
  return own || OF_FREEBSD.test(text) ? 'freebsd' : undefined;
}

/** The names for which the `#ifdef` of a script hold, on each system. */
export const SYSTEM_NAMES: Readonly<Record<SystemName, ReadonlySet<string>>> = {
  linux: new Set(['Linux', 'linux', '__linux__']),
  freebsd: new Set(['FreeBSD', '__FreeBSD__']),
};

/** Settings by name, of the commands before anything else. */
export function chosenSettings(events: readonly ScriptEvent[]): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const { action } of events) {
    if (action.kind !== 'shell') break;
    const text = action.command.replace(/\S*defaults\.sh/g, LINUX_PREAMBLE);
    for (const [name, assigned, echoed] of CHOICES) {
      const found = [...text.matchAll(assigned), ...text.matchAll(echoed)].at(-1)?.[1];
      if (found !== undefined && KNOWN.test(found)) settings[name] = found;
    }
  }
  return settings;
}

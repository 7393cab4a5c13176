/**
 * What a script chooses before its first call: congestion control and loss recovery are made with the stack,
 * so the commands at its head are looked at for them beforehand.
 */
import type { SystemName } from '../host/live-config.ts';
import type { ScriptEvent } from '../script/ast.ts';
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

/** The system that a script is written for, by what the commands before anything else name. */
export function systemOf(events: readonly ScriptEvent[]): SystemName {
  const first = events.findIndex(({ action }) => action.kind !== 'shell');
  const head = events.slice(0, first < 0 ? events.length : first);
  const text = head.map(({ action }) => (action.kind === 'shell' ? action.command : '')).join('\n');
  return OF_FREEBSD.test(text) && !OF_LINUX.test(text) ? 'freebsd' : 'linux';
}

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

/**
 * The shell lines of a script. Those that give settings set ours by the same names; those that prepare a
 * machine are skipped, with a word; a script with others, whose outcome it may depend on, is not judged.
 */

import type { Place } from '../script/ast.ts';
import { NotJudged } from '../script/script-error.ts';
import { Nstat } from './nstat.ts';
import { Failed } from './outcome.ts';
import { LINUX_PREAMBLE } from './preamble.ts';
import type { Session } from './session.ts';

/** Commands that prepare or tidy up a machine, and why nothing is done. */
const IDLE: readonly (readonly [RegExp, string])[] = [
  [/^(\S*\/)?sysctl_restore\S*$/, 'each script has a host of its own'],
  [/^ip tcp_metrics\b/, 'nothing is remembered of earlier connections'],
  [/^tc qdisc (del|delete|show)\b/, 'there are no queues'],
  [/^tc qdisc \w+ .*\b(pfifo_fast|fq_codel|noqueue|mq|pfifo|bfifo)$/, 'there are no queues'],
  [/^ethtool\b/, 'the device cuts and sums nothing'],
  [/^(kldload|modprobe|kldstat)\b/, 'there are no modules'],
  [/^(ip (link|addr|address|-6|neigh|rule)|ifconfig|route)\b/, 'every host is on the wire'],
  [/^(iptables|nft|ipfw|pfctl)\b.*(-F|flush)/, 'there are no filters'],
  [/^(sync|true|:|exit 0|set [-+][a-z]+|export \w+=.*|cd .*)$/, 'there is no shell'],
  [/^(echo|printf)\b(?!.*>)/, 'there is no shell'],
  [/^(\S*\/)?mkdir\b/, 'there are no folders'],
];

const CUTS_NOTHING = /^(?:\S*\/)?ethtool\s+(?:-K|--features)\s.*\b(?:gso|tso)\s+off\b/;
/** FreeBSD's sockstat, and how often one of its states is to be found. */
const COUNTED = /^sockstat\b.*\|\s*grep\s+-c\s+(\w+)\s*\|\s*grep\s+(\d+)$/;
const STATES: Readonly<Record<string, number>> = {
  ESTABLISHED: 1,
  SYN_SENT: 2,
  SYN_RCVD: 3,
  FIN_WAIT_1: 4,
  FIN_WAIT_2: 5,
  TIME_WAIT: 6,
  CLOSED: 7,
  CLOSE_WAIT: 8,
  LAST_ACK: 9,
  LISTEN: 10,
  CLOSING: 11,
};
const REMOVED = /^(?:\S*\/)?rm\s+(?:-\w+\s+)*(\S.*)$/;
/** `dd if=/dev/zero of=PATH bs=1 count=5`. */
const COPIED = /^(?:\S*\/)?dd\s+(\S.*)$/;
const TOUCHED = /^(?:\S*\/)?(?:touch|truncate\s+-s\s+(\d+))\s+(\S+)$/;
const PREAMBLE = /^(source |\. |sh |bash )?\S*\bdefaults\.sh$/;
const SET_SYSCTLS = /^(python3? )?\S*set_sysctls\.py\s+/;
/** `sysctl -q -w name=value name2="several values"`. */
const SYSCTL = /^(\S*\/)?sysctl(\s|$)/;
const ASSIGNED = /(\/?[a-z][\w./]*)\s*=\s*("[^"]*"|'[^']*'|\S+)/g;
/** `echo 1 > /proc/sys/net/ipv4/tcp_sack`, or into a parameter of a module. */
const ECHOED = /^echo\s+("[^"]*"|'[^']*'|[^>]*?)\s*>\s*(\/proc\/sys\/\S+|\/sys\/module\/tcp_cubic\/\S+)$/;
const SLEEP = /^sleep\s+([0-9.]+)(s?)$/;
const MTU = /^(?:ifconfig \S+ mtu|ip link set (?:dev )?\S+ mtu)\s+(\d+)$/;
const ROUTE = /^ip (?:route|ro) (?:change|replace|add|append|del|delete|flush)\b(.*)$/;
/** What a route may say of its connections, and is not served. */
const ROUTE_BEYOND = new RegExp(
  String.raw`\b(features|quickack|congctl|hoplimit|fastopen_no_cookie|rtt|rttvar|` +
    String.raw`ssthresh|cwnd|blackhole|unreachable|prohibit)\b`,
);
const US_PER_SECOND = 1e6;
const MS_PER_SECOND = 1000;
const NESTED_MAX = 4;

export class ShellEvents {
  private readonly session: Session;
  /** Whether a route has said more than an initial window and an MTU: the next may take it back. */
  private hasMetrics = false;
  private readonly nstat: Nstat;

  constructor(session: Session) {
    this.session = session;
    this.nstat = new Nstat(() => session.host.counters());
  }

  /** @throws NotJudged for a command that is none of those known. */
  run(command: string, place: Place, depth = 0): void {
    if (depth > NESTED_MAX) return;
    for (const line of commandsOf(command)) this.line(line, place, depth);
  }

  private line(line: string, place: Place, depth: number): void {
    const { session } = this;
    if (PREAMBLE.test(line)) {
      this.run(LINUX_PREAMBLE, place, depth + 1);
      return;
    }
    if (this.settings(line, place) || this.file(line) || this.nstat.run(line, place)) return;
    const sleep = SLEEP.exec(line);
    if (sleep !== null) {
      session.advanceTo(session.nowUs + Math.round(Number(sleep[1]) * US_PER_SECOND), () => false);
      return;
    }
    const mtu = MTU.exec(line);
    if (mtu !== null) {
      this.attempt(place, line, () => session.host.setMtu(Number(mtu[1])));
      return;
    }
    const route = ROUTE.exec(line);
    if (route !== null) {
      this.route(route[1], place);
      return;
    }
    const counted = COUNTED.exec(line);
    if (counted !== null && Object.hasOwn(STATES, counted[1])) {
      const count = session.host.connectionsIn(STATES[counted[1]]);
      if (`${count}`.includes(counted[2])) return;
      throw new Failed(place, `expected ${counted[2]} connections in ${counted[1]}, got ${count}`);
    }
    if (CUTS_NOTHING.test(line)) session.cutsBefore = true;
    const idle = IDLE.find(([pattern]) => pattern.test(line));
    if (idle === undefined) throw new NotJudged(place, `the command ${shown(line)}`);
    session.note(`skipped ${shown(line)}: ${idle[1]}`);
  }

  /** @returns whether the line makes or removes a file. */
  private file(line: string): boolean {
    const { files } = this.session;
    const removed = REMOVED.exec(line);
    if (removed !== null) {
      for (const path of removed[1].split(/\s+/)) files.delete(path);
      return true;
    }
    const copied = COPIED.exec(line);
    if (copied === null) {
      const touched = TOUCHED.exec(line);
      if (touched !== null) files.set(touched[2], Number(touched[1] ?? files.get(touched[2]) ?? 0));
      return touched !== null;
    }
    const said = new Map(copied[1].split(/\s+/).map((word) => splitAt(word, '=')));
    const [path, block, count] = [said.get('of'), said.get('bs'), said.get('count')];
    if (path === undefined || count === undefined || said.get('if') !== '/dev/zero') return false;
    files.set(path, bytesOf(block ?? '512') * bytesOf(count));
    return true;
  }

  /** @returns whether the line gives settings. */
  private settings(line: string, place: Place): boolean {
    const echoed = ECHOED.exec(line);
    if (echoed !== null) {
      this.set(echoed[2], unquoted(echoed[1]), place);
      return true;
    }
    if (!SYSCTL.test(line) && !SET_SYSCTLS.test(line)) return false;
    const assigned = [...line.matchAll(ASSIGNED)];
    if (assigned.length === 0) throw new NotJudged(place, `the command ${shown(line)}`);
    for (const [, name, value] of assigned) this.set(name, unquoted(value), place);
    return true;
  }

  private set(path: string, value: string, place: Place): void {
    const inModule = path.replace(/^\/sys\/module\/tcp_cubic\/parameters\//, 'tcp_cubic.');
    const name = inModule.replace(/^\/proc\/sys\//, '').replaceAll('/', '.');
    const outcome = this.session.host.set(name, arithmetic(value));
    if (outcome.kind === 'lacking') throw new NotJudged(place, outcome.words);
    if (outcome.kind === 'idle') this.session.note(`skipped ${name}: ${outcome.words}`);
  }

  /** What a route says of its connections; the way itself is the wire's. */
  private route(words: string, place: Place): void {
    const { host } = this.session;
    const said = (name: string): string | undefined =>
      new RegExp(`\\b${name}\\s+(?:lock\\s+)?(\\d+)`).exec(words)?.[1];
    const segments = said('initcwnd');
    if (segments !== undefined) {
      const outcome = host.setInitialWindow(Number(segments));
      if (outcome.kind === 'lacking') throw new NotJudged(place, `an initial window of ${segments} segments`);
    }
    const mtu = said('mtu');
    const locked = /\bmtu\s+lock\b/.test(words);
    if (mtu !== undefined && !locked) this.attempt(place, `mtu ${mtu}`, () => host.setMtu(Number(mtu)));
    const number = (name: string): number => Number(said(name) ?? 0);
    const metrics = {
      ...{ advmss: number('advmss'), initrwnd: number('initrwnd'), rto_min: rtoMinMs(words) },
      ...(locked ? { mtu: number('mtu'), mtu_lock: 1 } : {}),
    };
    if (this.hasMetrics || locked || metrics.advmss + metrics.initrwnd + metrics.rto_min > 0) {
      this.hasMetrics = true;
      this.attempt(place, words.trim(), () => host.setRouteMetrics(metrics));
    }
    const other = ROUTE_BEYOND.exec(words);
    if (other !== null) throw new NotJudged(place, `a route with ${other[1]}`);
  }

  private attempt(place: Place, what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new NotJudged(place, `${shown(what)}: ${error.message}`);
    }
  }
}

/** `rto_min 10ms`: milliseconds, as without a unit; 0: not said. */
function rtoMinMs(words: string): number {
  const [, value, unit] = /\brto_min\s+(?:lock\s+)?([0-9.]+)(ms|us|s)?\b/.exec(words) ?? [];
  if (value === undefined) return 0;
  const scale = unit === 's' ? MS_PER_SECOND : unit === 'us' ? 1 / MS_PER_SECOND : 1;
  return Math.max(1, Math.round(Number(value) * scale));
}

/** The commands of a line or several, without what they do with their output. */
function commandsOf(text: string): string[] {
  return text
    .replace(/\\\n/g, ' ')
    .split(/\n|;|&&/)
    .map((line) =>
      line
        .replace(/(^|\s)#.*$/, '')
        .replace(/\s*(2>&1|[12]?>\s*\/dev\/null|&>\s*\/dev\/null|2>\s*\/dev\/null)/g, '')
        .replace(/\|\|\s*(true|:)$/, '')
        .replace(/^sudo\s+/, '')
        .trim(),
    )
    .filter((line) => line !== '');
}

function splitAt(text: string, sign: string): [string, string] {
  const at = text.indexOf(sign);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** `4k` and `1M` as dd has them. */
function bytesOf(text: string): number {
  const [, digits, unit] = /^(\d+)([kKMG]?)$/.exec(text) ?? ['', 'NaN', ''];
  return Number(digits) * 1024 ** ' KMG'.indexOf(unit === '' ? ' ' : unit.toUpperCase());
}

function unquoted(value: string): string {
  return value.replace(/^(["'])(.*)\1$/, '$2');
}

/** `$((15*1024*1024))` as a number: products are all that scripts write so. */
function arithmetic(value: string): string {
  return value.replace(
    /\$\(\(\s*([\d\s*]+)\s*\)\)/g,
    (_, product: string) => `${product.split('*').reduce((result, factor) => result * Number(factor), 1)}`,
  );
}

function shown(line: string): string {
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

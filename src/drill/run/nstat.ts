/**
 * `nstat` of a script: how far Linux's counters have moved since it was last called, and what `grep` finds of
 * that. Only counters that the stack has with Linux's meaning are told; a script that asks for another is not
 * judged.
 */
import type { Place } from '../script/ast.ts';
import { NotJudged } from '../script/script-error.ts';
import { Failed } from './outcome.ts';

/** Ours by the name that nstat prints. */
const COUNTERS: Readonly<Record<string, string>> = {
  IpInReceives: 'ipInReceives',
  IpInHdrErrors: 'ipInHdrErrors',
  IpInAddrErrors: 'ipInAddrErrors',
  IpInUnknownProtos: 'ipInUnknownProtos',
  IpReasmReqds: 'ipReasmReqds',
  IpReasmOKs: 'ipReasmOks',
  IpReasmFails: 'ipReasmFails',
  IcmpInMsgs: 'icmpInMsgs',
  IcmpInErrors: 'icmpInErrors',
  IcmpInEchos: 'icmpInEchos',
  IcmpOutEchoReps: 'icmpOutEchoReps',
  TcpActiveOpens: 'tcpActiveOpens',
  TcpPassiveOpens: 'tcpPassiveOpens',
  TcpAttemptFails: 'tcpAttemptFails',
  TcpEstabResets: 'tcpEstabResets',
  TcpInSegs: 'tcpInSegs',
  TcpRetransSegs: 'tcpRetransSegs',
  TcpInErrs: 'tcpInErrs',
  TcpOutRsts: 'tcpOutRsts',
  UdpInDatagrams: 'udpInDatagrams',
  UdpNoPorts: 'udpNoPorts',
  UdpInErrors: 'udpInErrors',
  UdpOutDatagrams: 'udpOutDatagrams',
  UdpRcvbufErrors: 'udpRcvbufErrors',
  TcpExtSyncookiesSent: 'tcpSyncookiesSent',
  TcpExtSyncookiesRecv: 'tcpSyncookiesRecv',
  TcpExtSyncookiesFailed: 'tcpSyncookiesFailed',
  TcpExtListenOverflows: 'tcpListenOverflows',
  TcpExtTCPTimeouts: 'tcpTimeouts',
  TcpExtTCPLossProbes: 'tcpLossProbes',
  TcpExtTCPMTUPSuccess: 'tcpMtuProbeSuccesses',
  TcpExtTCPMTUPFail: 'tcpMtuProbeFailures',
  IpExtInCEPkts: 'ipInCePkts',
};

/** `nstat -z | grep -q NAME | grep -q " 3 "`, or with its output thrown away. */
const NSTAT = /^(?:\S*\/)?nstat((?:\s+-\w+)*)((?:\s*\|\s*[^|]+)*)(?:\s*>\s*\/dev\/null)?$/;
const GREP = /^grep((?:\s+-\w+)*)\s+("[^"]*"|'[^']*'|\S+)$/;
/** Zeros too; absolute; keeps no history; without a look at it; no output. */
const FLAGS = /^[zasrn]*$/;
const NAME_WIDTH = 31;
const VALUE_WIDTH = 18;

export class Nstat {
  private readonly read: () => Readonly<Record<string, number>>;
  /** What the counters stood at when they were last told. */
  private history: Readonly<Record<string, number>> = {};

  /** @param read tells the host's counters. */
  constructor(read: () => Readonly<Record<string, number>>) {
    this.read = read;
  }

  /**
   * @returns false where a command is none of nstat's. @throws Failed where `grep` finds nothing, NotJudged
   * for a counter that there is not, or what else such a line asks for.
   */
  run(line: string, place: Place): boolean {
    const [, given = '', pipe = ''] = NSTAT.exec(line) ?? [];
    if (!/^(?:\S*\/)?nstat\b/.test(line)) return false;
    const flags = given.replace(/[\s-]/g, '');
    if (!NSTAT.test(line) || !FLAGS.test(flags)) throw new NotJudged(place, `the command ${line}`);
    const now = this.read();
    const since = flags.includes('a') || flags.includes('r') ? {} : this.history;
    if (!flags.includes('s')) this.history = now;
    const all = Object.entries(COUNTERS).map(([name, own]): [string, number] => [
      name,
      (now[own] ?? 0) - (since[own] ?? 0),
    ]);
    const shown = flags.includes('n') ? [] : all.filter(([, value]) => value !== 0 || flags.includes('z'));
    let lines = shown.map(
      ([name, value]) => `${name.padEnd(NAME_WIDTH)} ${String(value).padEnd(VALUE_WIDTH)} 0.0`,
    );
    for (const part of pipe.split('|').slice(1)) {
      const [, options = '', quoted] = GREP.exec(part.trim()) ?? [];
      const pattern = quoted?.replace(/^(["'])(.*)\1$/, '$2');
      if (pattern === undefined || !/^[\s\-qwE]*$/.test(options))
        throw new NotJudged(place, `the command ${line}`);
      const isCounter = /^[A-Z]\w+$/.test(pattern);
      if (isCounter && !Object.keys(COUNTERS).some((name) => name.includes(pattern))) {
        throw new NotJudged(place, `the counter ${pattern}`);
      }
      const found = lines.filter((one) => matches(one, pattern, options.includes('w')));
      if (found.length === 0) {
        throw new Failed(
          place,
          `${line}: nothing with ${pattern}, of ${lines.join('; ') || 'no counter that has moved'}`,
        );
      }
      lines = found;
    }
    return true;
  }
}

function matches(line: string, pattern: string, isWord: boolean): boolean {
  return isWord ? line.split(/\s+/).includes(pattern) : line.includes(pattern);
}

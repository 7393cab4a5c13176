/** Holds each ledger of an end record against itself, by what its counters are: rule R-12. */
import { COUNTER_NAMES, COUNTER_SIDES } from '../ledger/counters.gen.ts';
import type { TraceEnd } from '../trace/sink.ts';
import type { Findings } from './findings.ts';

/** A counter that counts some of what another one counts. */
const PARTS: readonly (readonly [part: string, whole: string])[] = [
  ['hostIdlePolls', 'hostPolls'],
  ['hostRests', 'hostIdlePolls'],
  ['iopIdlePolls', 'iopPolls'],
  ['iopRests', 'iopIdlePolls'],
  ['userWouldBlock', 'userCalls'],
  ['memoryTransmitReturned', 'memoryTransmitTaken'],
  ['failuresOurs', 'failuresTaken'],
  ['portEmptyReads', 'portReads'],
  ['icmpInRedirects', 'icmpInMsgs'],
  ['icmpRedirectsTaken', 'icmpInRedirects'],
  ['icmpInErrors', 'icmpInMsgs'],
  ['icmpInEchos', 'icmpInMsgs'],
  ['udpRcvbufErrors', 'udpInErrors'],
  ['lanPacketsDone', 'lanPacketsSent'],
  ['lanPacketsUnsent', 'lanPacketsDone'],
  ['lanBucketsBack', 'lanBucketsLent'],
  ['windowFillsDone', 'windowFillsAsked'],
  ['windowPlacementsDone', 'windowPlacementsAsked'],
  ['windowFramesBack', 'windowFramesKept'],
  ['ipReasmOks', 'ipReasmReqds'],
  ['tcpInErrs', 'tcpInSegs'],
  ['tcpOutRsts', 'tcpOutSegs'],
  ['tcpDelayedAcks', 'tcpOutSegs'],
  ['tcpChallengeAcks', 'tcpOutSegs'],
  ['tcpFastRetransmits', 'tcpRetransSegs'],
  ['datagramsUnsent', 'datagramsSent'],
  ['eventsDropped', 'eventsTaken'],
  ['bytesLent', 'bytesSent'],
  ['bytesUndelivered', 'bytesSent'],
  ['immediateUndeliveredBytes', 'bytesUndelivered'],
  ['bytesBorrowed', 'bytesReceived'],
  ['memoryBucketsUsed', 'memoryBucketsPosted'],
  ['deviceTsoSegments', 'deviceTxPackets'],
];
const BYTES = 'Bytes';
const SIDE = new Map(COUNTER_NAMES.map((name, i) => [name, COUNTER_SIDES[i]]));
/** Names of those that are bytes of a number of times. */
const PAIRS = COUNTER_NAMES.filter((name) => SIDE.has(`${name}${BYTES}`));

/** @param hostStack the host may have TCP/IP of its own, which counts as a card's does. */
export function judgeLedgers({ host, iop }: TraceEnd, hostStack: boolean, findings: Findings): void {
  new LedgerJudge('host', host, findings).judge(hostStack);
  new LedgerJudge('iop', iop, findings).judge(false);
}

type Counters = TraceEnd['host'];

class LedgerJudge {
  private readonly side: 'host' | 'iop';
  private readonly counters: Counters;
  private readonly findings: Findings;

  constructor(side: 'host' | 'iop', counters: Counters, findings: Findings) {
    this.side = side;
    this.counters = counters;
    this.findings = findings;
  }

  /** @param shared counters of the other side may be in it. */
  judge(shared: boolean): void {
    const { side, counters } = this;
    for (const name of Object.keys(counters)) {
      const value = counters[name];
      if (value < 0) this.tell(name, `${value}`);
      const writer = SIDE.get(name);
      if (value !== 0 && writer !== undefined && writer !== side && !shared)
        this.tell(name, `${value}, which is the ${writer}'s to count`);
    }
    for (const [part, whole] of PARTS) {
      const [some, all] = [counters[part], counters[whole]];
      if (some !== undefined && all !== undefined && some > all)
        this.tell(part, `${some}, and ${whole} is ${all}`);
    }
    for (const name of PAIRS) {
      const [times, bytes] = [counters[name], counters[`${name}${BYTES}`]];
      if (times === 0 && bytes !== undefined && bytes !== 0) this.tell(name, `no times, and ${bytes} bytes`);
    }
  }

  private tell(name: string, what: string): void {
    const thing = 2 * COUNTER_NAMES.indexOf(name) + (this.side === 'host' ? 0 : 1);
    this.findings.report('R-12', thing, `${name} of the ${this.side}: ${what}`);
  }
}

/** What the trace's frames sum up to, held against the ledgers in its end record: rules R. */
import { SOCKET_SEND_TO } from '../i2o/socket.gen.ts';
import { UTIL_NOP, UTIL_REPLY_FAULT_NOTIFY } from '../i2o/utility.gen.ts';
import { reconcile } from '../ledger/reconcile.ts';
import { lanPortRows } from '../ledger/reconcile-lan.ts';
import type { TraceEnd } from '../trace/sink.ts';
import type { Datagrams } from './datagrams.ts';
import type { Findings } from './findings.ts';
import type { LanTrial } from './lan-trial.ts';
import type { PacketCounts } from './packet-counts.ts';
import type { ReceiveBuckets } from './receive-buckets.ts';
import type { TransmitBuffers } from './transmit-buffers.ts';

export class Sums {
  /** Frames, each way. */
  inbound = 0;
  outbound = 0;
  /** Notifications. */
  doorbells = 0;
  interrupts = 0;
  /** Of the inbound frames: NOPs, datagrams, reports of undelivered replies; of the outbound ones: failures. */
  nops = 0;
  datagrams = 0;
  faults = 0;
  failures = 0;
  /** Payload bytes the lists of send requests name, and those the receive records bring. */
  sent = 0;
  delivered = 0;
  /**
   * Requests that the card may have taken or not were among them: bytes and buffers are not held against the
   * ledgers.
   */
  unsure = false;
  /** A post of buckets was to be refused, or in part. */
  refusedBuckets = false;
  private readonly findings: Findings;

  constructor(findings: Findings) {
    this.findings = findings;
  }

  /** Whether the card has taken every frame of the trace and the host every frame of the card. */
  drained(end: TraceEnd): boolean {
    const posted = (end.iop['outboundPosted'] ?? 0) - (end.iop['outboundDestroyed'] ?? 0);
    return end.iop['inboundReleased'] === this.inbound && posted === this.outbound;
  }

  /** Holds the frames against the ledgers. */
  frames({ host, iop }: TraceEnd): void {
    this.equal('R-01', 0, 'frames posted', this.inbound, host['inboundPosted']);
    this.equal('R-01', 1, 'frames received', this.outbound, host['outboundReleased']);
    const { inboundReleased = 0, outboundPosted, outboundDestroyed = 0 } = iop;
    if (inboundReleased > this.inbound)
      this.unequal('R-01', 2, 'frames posted', this.inbound, inboundReleased);
    // What a reset has destroyed was posted, and nobody has received it.
    const told = outboundPosted === undefined ? this.outbound : outboundPosted - outboundDestroyed;
    if (told < this.outbound) this.unequal('R-01', 3, 'frames received', this.outbound, told);
  }

  /** What was made and never reached the host can only have been destroyed by a reset. @param reset was there one. */
  destroyed({ iop }: TraceEnd, reset: boolean): void {
    if (reset) return;
    this.equal('R-08', 0, 'replies destroyed without a reset', 0, iop['outboundDestroyed']);
    this.equal('R-08', 1, 'bytes destroyed without a reset', 0, iop['bytesDestroyed']);
  }

  /**
   * Holds the packets against the card's ledger, of a trace that has all of them.
   * @param kept bytes that were recorded of them. @param streamBytes payload of TCP that left; undefined for a
   * card without TCP/IP.
   */
  packets({ iop }: TraceEnd, count: number, kept: number, streamBytes: number | undefined): void {
    if (count === 0) return;
    this.equal('R-09', 0, 'packets', count, iop['captureCopies']);
    this.equal('R-09', 1, 'bytes of packets', kept, iop['captureCopiesBytes']);
    const { tcpOutDataBytes, tcpRetransBytes } = iop;
    if (streamBytes === undefined || tcpOutDataBytes === undefined || tcpRetransBytes === undefined) return;
    this.equal('R-09', 2, 'bytes of TCP that left', streamBytes, tcpOutDataBytes + tcpRetransBytes);
  }

  /** Holds notifications and events against the ledgers. @param events told by replies. */
  notices({ host, iop }: TraceEnd, events: number, drained: boolean): void {
    this.equal('R-07', 0, 'doorbells', this.doorbells, host['doorbells']);
    if (drained) this.equal('R-07', 1, 'events', events, iop['eventsSent']);
    const raised = iop['interrupts'];
    if (raised === undefined) return;
    const slept = (host['hostSleeps'] ?? 0) > 0;
    // One may have come after the host's last look, as when a card is closed.
    if (this.interrupts > raised || (this.interrupts === 0 && raised > 1 && slept))
      this.unequal('R-07', 2, 'interrupts', this.interrupts, raised);
  }

  /** Holds the sums of a card of sockets against the ledgers. */
  end(end: TraceEnd, transmit: TransmitBuffers, receive: ReceiveBuckets): void {
    const { host, iop } = end;
    if (this.unsure) return;
    this.equal('R-02', 0, 'bytes in send requests', this.sent, host['bytesSent']);
    if (receive.unseenEver === 0 && !this.refusedBuckets)
      this.equal('R-04', 0, 'buckets posted', receive.postedCount, host['memoryBucketsPosted']);
    this.equal('R-04', 1, 'buckets filled', receive.filledCount, host['memoryBucketsUsed']);
    const home = host['memoryTransmitReturned'];
    // Buffers offered to the program and given back unsent are in the ledger only.
    if (home !== undefined && transmit.returned > home)
      this.unequal('R-04', 2, 'contexts returned', transmit.returned, home);
    if (!this.drained(end)) return;
    const delivered = iop['bytesDelivered'];
    const told = delivered === undefined ? undefined : delivered - (iop['bytesDestroyed'] ?? 0);
    this.equal('R-03', 0, 'bytes in receive records', this.delivered, told);
    const used = (host['bytesReceived'] ?? 0) + (host['bytesDropped'] ?? 0);
    if (used > this.delivered) this.unequal('R-03', 1, 'bytes in receive records', this.delivered, used);
    if (transmit.out === 0 && used === this.delivered) this.balance(end);
  }

  /** The same of a card of network ports. @param waiting packets that have not come back. */
  endLan(end: TraceEnd, { buckets, hidden, returned }: LanTrial, waiting: number): void {
    const { host, iop } = end;
    if (this.unsure || hidden || buckets.unsure) return;
    this.equal('R-02', 0, 'bytes in send requests', this.sent, host['lanPacketsSentBytes']);
    this.equal('R-04', 0, 'buckets posted', buckets.postedCount, host['lanBucketsLent']);
    this.equal('R-04', 1, 'buckets that came back', buckets.returnedCount, host['lanBucketsBack']);
    this.equal('R-04', 2, 'contexts returned', returned, host['lanPacketsDone']);
    if (!this.drained(end)) return;
    this.equal('R-03', 0, 'bytes of packets in buckets', this.delivered, iop['lanPlacementsBytes']);
    this.equal('R-03', 1, 'bytes of packets in buckets', this.delivered, host['lanPacketsTakenBytes']);
    if (waiting > 0 || host['lanPacketsSent'] === undefined) return;
    lanPortRows(host, iop).forEach(({ what, left, right }, index) => {
      if (left !== right) this.findings.report('R-06', index, `${what}: ${left} against ${right}`);
    });
  }

  /** Holds packets against the card's ledger, kind by kind, of a trace that begins with its card. */
  kinds(end: TraceEnd, packets: PacketCounts, stack: boolean): void {
    packets.against(end, stack).forEach(({ what, traced, counted, least }, index) => {
      if (counted === undefined || (least === true && traced < counted)) return;
      this.equal('R-10', index, what, traced, counted);
    });
  }

  /**
   * Holds messages against both ledgers.
   * @param events told by replies. @param datagrams that records have brought, undefined for a card without sockets.
   */
  messages(end: TraceEnd, events: number, datagrams: Datagrams | undefined): void {
    const { host, iop } = end;
    const { nops = 0, messageRequests, messageReplies, eventsTaken, executiveEventsTaken } = host;
    if (messageRequests !== undefined)
      this.equal('R-11', 0, 'requests', this.inbound, messageRequests + nops);
    // A host without a driver of its own counts none.
    if (messageReplies !== 0) this.equal('R-11', 1, 'replies', this.outbound, messageReplies);
    // A NOP may be a request that is built like others.
    if (nops > this.nops) this.unequal('R-11', 2, 'NOPs', this.nops, nops);
    this.equal('R-11', 3, 'failures', this.failures, host['failuresTaken']);
    if (eventsTaken !== undefined && executiveEventsTaken !== undefined)
      this.equal('R-11', 4, 'events', events, eventsTaken + executiveEventsTaken);
    if (datagrams === undefined) return;
    this.equal('R-11', 5, 'datagrams posted', this.datagrams, host['datagramsSent']);
    const used = (host['datagramsReceived'] ?? 0) + (host['datagramsDropped'] ?? 0);
    if (used > datagrams.told) this.unequal('R-11', 6, 'datagrams in records', datagrams.told, used);
    const bytes =
      (host['datagramsReceivedBytes'] ?? 0) +
      (host['datagramsDroppedBytes'] ?? 0) +
      (host['datagramsCutBytes'] ?? 0);
    if (bytes > datagrams.toldBytes)
      this.unequal('R-11', 7, 'bytes of datagrams in records', datagrams.toldBytes, bytes);
    if (this.drained(end))
      this.equal('R-11', 8, 'reports of undelivered replies', this.faults, iop['replyFaults']);
  }

  private balance({ host, iop }: TraceEnd): void {
    const inUse = (host['memoryTransmitTaken'] ?? 0) - (host['memoryTransmitReturned'] ?? 0);
    const { rows } = reconcile(host, iop, { transmitInUse: inUse });
    rows.forEach(({ what, left, right }, index) => {
      if (left !== right) this.findings.report('R-06', index, `${what}: ${left} against ${right}`);
    });
  }

  /** A frame has passed. // Hot path. */
  frame(inbound: boolean, functionCode: number, isFailure: boolean, isExecutive: boolean): void {
    if (!inbound) {
      this.outbound += 1;
      if (isFailure) this.failures += 1;
      return;
    }
    this.inbound += 1;
    if (functionCode === UTIL_NOP) this.nops += 1;
    else if (functionCode === UTIL_REPLY_FAULT_NOTIFY) this.faults += 1;
    else if (functionCode === SOCKET_SEND_TO && !isExecutive) this.datagrams += 1;
  }

  private equal(
    rule: string,
    thing: number,
    what: string,
    traced: number,
    counted: number | undefined,
  ): void {
    if (counted !== undefined && traced !== counted) this.unequal(rule, thing, what, traced, counted);
  }

  private unequal(rule: string, thing: number, what: string, traced: number, counted: number): void {
    this.findings.report(rule, thing, `${what}: ${traced} in the trace, ${counted} in the ledger`);
  }
}

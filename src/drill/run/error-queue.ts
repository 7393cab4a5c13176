/**
 * What Linux tells a program of bytes that it has sent, in the error queue of its socket: that those of a
 * send with MSG_ZEROCOPY are its own again (Documentation/networking/msg_zerocopy.rst), and when the last byte
 * of a send was handed on, left and was acknowledged (SO_TIMESTAMPING, Documentation/networking/
 * timestamping.rst). Offsets count the bytes of the stream from its first.
 */
import { constant } from './constants.ts';

/** SOF_TIMESTAMPING_ bits, by Linux's numbers (include/uapi/linux/net_tstamp.h). */
const SOFTWARE_SENT = constant('SOF_TIMESTAMPING_TX_SOFTWARE') ?? 0;
const SOFTWARE_TOLD = constant('SOF_TIMESTAMPING_SOFTWARE') ?? 0;
const KEYED = constant('SOF_TIMESTAMPING_OPT_ID') ?? 0;
const KEYED_FROM_WRITTEN = constant('SOF_TIMESTAMPING_OPT_ID_TCP') ?? 0;
const SCHEDULED = constant('SOF_TIMESTAMPING_TX_SCHED') ?? 0;
const ACKNOWLEDGED = constant('SOF_TIMESTAMPING_TX_ACK') ?? 0;
const STAMP_ONLY = constant('SOF_TIMESTAMPING_OPT_TSONLY') ?? 0;

/** SCM_TSTAMP_ numbers: what a time is of. */
const STAMP_SENT = 0;
const STAMP_SCHEDULED = 1;
const STAMP_ACKNOWLEDGED = 2;

const ORIGIN_TIMESTAMPING = 4;
const ORIGIN_ZEROCOPY = 5;
/** The bytes were copied after all, as they are on every way out of this host. */
const CODE_COPIED = 1;

/** One `struct sock_extended_err`, and the time that goes with it. */
export interface ErrorRecord {
  /** The errno's name; '': none. */
  readonly errno: string;
  readonly origin: number;
  readonly code: number;
  readonly info: number;
  data: number;
  /** When it happened, in microseconds; undefined: no time is told. */
  readonly timeUs: number | undefined;
  /** Whether the packet goes with it, for which a program has to leave room. */
  readonly packet: boolean;
}

export class ErrorQueue {
  /** SO_ZEROCOPY: without it the flag of a send says nothing. */
  zeroCopy = false;
  /** SOF_TIMESTAMPING_ bits. */
  timestamping = 0;
  /** How often something was told: each time is an edge for who waits for edges. */
  told = 0;
  private readonly records: ErrorRecord[] = [];
  private readonly lent: { readonly end: number; readonly number: number }[] = [];
  private lentCount = 0;
  private readonly stamped: { readonly end: number; readonly flags: number; left: boolean }[] = [];
  /** Up to where bytes have left, and when. */
  private readonly departures: { readonly end: number; readonly us: number }[] = [];
  /** The offset that keys of times count from. */
  private keyBase = 0;

  get isEmpty(): boolean {
    return this.records.length === 0;
  }

  /** A listener's sockets have what it has. */
  inherit({ zeroCopy, timestamping }: ErrorQueue): void {
    this.zeroCopy = zeroCopy;
    this.timestamping = timestamping;
  }

  /** @param written bytes of the stream so far. @param acked how many of them are acknowledged. */
  setTimestamping(flags: number, written: number, acked: number): void {
    if ((flags & KEYED) !== 0 && (this.timestamping & KEYED) === 0) {
      this.keyBase = (flags & KEYED_FROM_WRITTEN) !== 0 ? written : acked;
    }
    this.timestamping = flags;
  }

  /** A send has been taken, in whole or in part. @param end of its bytes. @param lent with MSG_ZEROCOPY. */
  sent(end: number, lent: boolean): void {
    if (lent && this.zeroCopy) {
      this.lent.push({ end, number: this.lentCount });
      this.lentCount += 1;
    }
    if ((this.timestamping & SOFTWARE_TOLD) === 0) return;
    this.stamped.push({ end, flags: this.timestamping, left: false });
    this.stampDepartures();
  }

  /** Bytes have left for the first time. @param end of them. */
  left(end: number, us: number): void {
    const { departures } = this;
    if (departures.length > 0 && departures[departures.length - 1].end >= end) return;
    departures.push({ end, us });
    this.stampDepartures();
  }

  /** All bytes before an offset are acknowledged. */
  acknowledged(end: number, us: number): void {
    const { lent, stamped } = this;
    while (lent.length > 0 && lent[0].end <= end) {
      this.giveBack(lent[0].number);
      lent.shift();
    }
    while (stamped.length > 0 && stamped[0].end <= end) {
      const { end: last, flags } = stamped[0];
      stamped.shift();
      if ((flags & ACKNOWLEDGED) !== 0) this.stamp(STAMP_ACKNOWLEDGED, last, flags, us);
    }
  }

  /** The oldest record, which is forgotten; undefined: there is none. */
  take(): ErrorRecord | undefined {
    return this.records.shift();
  }

  /** Sends that are done with one after another are told in one record: their first and last numbers. */
  private giveBack(number: number): void {
    const last = this.records.at(-1);
    this.told += 1;
    if (last?.origin === ORIGIN_ZEROCOPY && last.data + 1 === number) {
      last.data = number;
      return;
    }
    const kind = { errno: '', origin: ORIGIN_ZEROCOPY, code: CODE_COPIED };
    this.records.push({ ...kind, info: number, data: number, timeUs: undefined, packet: false });
  }

  private stampDepartures(): void {
    for (const send of this.stamped) {
      if (send.left) continue;
      const departure = this.departures.find(({ end }) => end >= send.end);
      if (departure === undefined) return;
      send.left = true;
      const { end, flags } = send;
      if ((flags & SCHEDULED) !== 0) this.stamp(STAMP_SCHEDULED, end, flags, departure.us);
      if ((flags & SOFTWARE_SENT) !== 0) this.stamp(STAMP_SENT, end, flags, departure.us);
    }
  }

  private stamp(info: number, end: number, flags: number, timeUs: number): void {
    const data = (flags & KEYED) !== 0 ? end - 1 - this.keyBase : 0;
    const packet = (flags & STAMP_ONLY) === 0;
    this.told += 1;
    this.records.push({ errno: 'ENOMSG', origin: ORIGIN_TIMESTAMPING, code: 0, info, data, timeUs, packet });
  }
}

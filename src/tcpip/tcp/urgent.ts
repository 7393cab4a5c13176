/**
 * Urgent data as Linux has it (net/ipv4/tcp_input.c: tcp_check_urg, tcp_urg; tcp_output.c). One byte is
 * urgent: the last before where the pointer leads (RFC 9293 §3.8.5, MUST-62; RFC 6093 §3). The stack leaves it
 * in the stream, says where it is as soon as a pointer has told, and what it is once it has come, be it behind
 * a hole; whether it is read in its place is the user's affair (`socket/urgent-mark.ts`).
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { URG } from '../header/tcp.ts';
import { after, before } from '../seq.ts';
import type { SegmentIn } from './segment-in.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** Values of `rcvUrgent`: none; told of by a pointer; here as well, in the lower eight bits beside the flag. */
export const URGENT_NONE = 0;
export const URGENT_AWAITED = 1;
const URGENT_HERE = 0x100;

/** The pointer has so many bits. */
const POINTER_MAX = 0xffff;

/**
 * RFC 9293 §3.10.7.4, sixth check: of a segment with URG, or of any while the urgent byte is awaited. The user
 * is told before the text that the segment brings is its own to take.
 */
export function receiveUrgent(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  let told = (segment.flags & URG) !== 0 && takePointer(tcb, segment);
  if (tcb.rcvUrgent === URGENT_AWAITED) {
    const byte = byteAt(tcp, segment, (tcb.rcvUp - 1 - segment.seq) | 0);
    if (byte >= 0) {
      tcb.rcvUrgent = URGENT_HERE | byte;
      told = true;
    }
  }
  if (!told || tcb.owner < 0) return;
  tcp.environment.owner.urgent?.(tcb.owner, urgentDistance(tcb), urgentByte(tcb), tcb.received.queuedBytes);
}

/** @returns whether the pointer leads to a byte that none has led to before. */
function takePointer(tcb: Tcb, { seq, urgent }: SegmentIn): boolean {
  // As on Linux a pointer of 0 means the segment's first byte, as one of 1 does.
  const up = (seq + Math.max(urgent, 1)) | 0;
  // What has been received cannot become urgent afterwards, and the mark never goes back.
  if (!after(up, tcb.rcvNxt)) return false;
  if (tcb.rcvUrgent !== URGENT_NONE && !after(up, tcb.rcvUp)) return false;
  tcb.rcvUrgent = URGENT_AWAITED;
  tcb.rcvUp = up;
  return true;
}

/** The byte of a segment's text at an offset, through whichever slots it lies in; -1: it is not in it. */
function byteAt({ environment }: TcpTables, segment: SegmentIn, offset: number): number {
  const { view, packets } = environment;
  assert(segment.length >= 0, 'urgent: a byte is looked for in a segment');
  if (offset < 0) return -1;
  if (!segment.merged) return offset < segment.length ? view.getUint8(segment.payload + offset) : -1;
  const { chains } = packets;
  let left = offset;
  for (let packet = segment.packet; packet >= 0; packet = chains.next[packet]) {
    if (left < chains.length[packet]) return view.getUint8(chains.address[packet] + left);
    left -= chains.length[packet];
  }
  return -1;
}

/** Bytes have been taken: a mark that is behind them is over. */
export function passUrgent(tcb: Tcb): void {
  assert(tcb.rcvUrgent !== URGENT_NONE, 'urgent: a mark is passed where there is one');
  if (urgentDistance(tcb) < 0) tcb.rcvUrgent = URGENT_NONE;
}

/** How many bytes that nobody has taken come before the urgent one; below 0: it has been taken. */
export function urgentDistance(tcb: Tcb): number {
  assert(tcb.rcvUrgent !== URGENT_NONE, 'urgent: a distance is asked for where there is a mark');
  const fin = tcb.received.finTaken;
  return (tcb.rcvUp - 1 - (tcb.rcvNxt - fin) + tcb.received.queuedBytes) | 0;
}

/** The urgent byte; -1 where it has not come, or there is none. */
export function urgentByte({ rcvUrgent }: Tcb): number {
  return rcvUrgent < URGENT_HERE ? -1 : rcvUrgent & 0xff;
}

/** Whether a segment from `seq` on is to say that urgent data follows. // Hot path. */
export function pointsToUrgent(tcb: Tcb, seq: number): boolean {
  if (tcb.sndUrgent === 0 || !after(tcb.sndUp, seq)) return false;
  // Linux points as far as the field can only where there is nothing behind that which was sent.
  return ((tcb.sndUp - seq) | 0) <= POINTER_MAX || after((seq + POINTER_MAX) | 0, tcb.sndMax);
}

/** What the pointer of such a segment is. */
export function urgentPointer(tcb: Tcb, seq: number): number {
  if (COSTLY) assert(before(seq, tcb.sndUp), 'urgent: a pointer leads forward');
  return Math.min(POINTER_MAX, (tcb.sndUp - seq) | 0);
}

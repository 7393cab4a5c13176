/**
 * Large receive offload, in the device: segments of a connection that follow on each other are told to the
 * driver as one packet, in a chain of receive descriptors (as RSC of 10-gigabit devices has it). It is the
 * older and looser form, whose rules are those of Linux's net/ipv4/inet_lro.c (2.6.24 to 4.x):
 *
 *   goes in   the next sequence number; no flags but ACK and PSH; no IPv4 options, and of TCP's only
 *             timestamps, which do not go back; the same header length
 *   is lost   the acknowledgements, windows and echoed timestamps between, of which the last ones stand in
 *             the packet; PSH of all but the first; that service, time to live and identifications differed;
 *             how long each segment was
 *
 * So what is told as one cannot be cut again as it came: a host that forwards must do without.
 */
import type { Kernels } from '../dma/kernels.ts';
import type { Region } from '../dma/region.ts';
import { atOrAfter } from '../dma/wrapping.ts';
import { DEVICE_LRO_PACKETS, DEVICE_LRO_SEGMENTS } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { RX_CHECKSUM_CHECKED, RX_MERGED } from '../tcpip/contract.ts';
import { HeldPacket } from './held-packet.ts';
import { type NicLayout, RX_DONE, RX_FOLLOWS, RX_LENGTH, RX_NEXT_SHIFT, RX_STATUS } from './nic-rings.ts';
import {
  ACK,
  IP_AT,
  IP_SERVICE,
  PSH,
  TCP_ACK,
  TCP_AT,
  TCP_OPTIONS,
  TCP_WINDOW,
  TcpFrame,
} from './tcp-frame.ts';

/** Connections that the device has at once; a further one goes without. */
const SESSIONS = 8;
const CONGESTION_EXPERIENCED = 3;
/** TCP's header with timestamps laid out as RFC 7323 appendix A recommends, and what that begins with. */
const STAMPED_BYTES = 32;
const PLAIN_BYTES = 20;
const TIMESTAMPS_WORD = 0x0101_080a;
const STAMP_VALUE = TCP_OPTIONS + 4;
const STAMP_ECHO = TCP_OPTIONS + 8;

export class LargeReceive {
  private readonly view: DataView;
  private readonly words: Int32Array;
  private readonly kernels: Kernels;
  private readonly counters: Float64Array;
  private readonly layout: NicLayout;
  private readonly frame: TcpFrame;
  /** The first `count` are in use. Their places are receive descriptors, by free-running index. */
  private readonly sessions: HeldPacket[];
  private count = 0;

  constructor(region: Region, layout: NicLayout, ledger: Ledger) {
    this.view = region.view;
    this.words = region.words;
    this.kernels = region.kernels;
    this.counters = ledger.counters;
    this.layout = layout;
    this.frame = new TcpFrame(region);
    this.sessions = Array.from({ length: SESSIONS }, () => new HeldPacket(region));
  }

  /**
   * A frame lies in the buffer of a descriptor. // Hot path.
   * @param index of the descriptor. @param flags RX_ bits.
   * @returns false: it goes by itself, and its descriptor is done; true: it belongs to a session, whose
   *   descriptors are done when that is closed.
   */
  take(index: number, address: number, length: number, flags: number): boolean {
    const { frame, sessions } = this;
    if ((flags & RX_CHECKSUM_CHECKED) === 0 || !frame.read(address, length)) return false;
    let at = 0;
    while (at < this.count && !sessions[at].isOf(frame)) at++;
    const fits = this.isFit();
    if (at < this.count) {
      if (fits && this.goesWith(sessions[at])) {
        this.append(sessions[at], index);
        return true;
      }
      this.close(at);
    }
    if (!fits || this.count === SESSIONS) return false;
    this.begin(sessions[this.count++], index);
    return true;
  }

  /** Tells the driver of all that is held. */
  closeAll(): void {
    while (this.count > 0) this.close(0);
  }

  /** Whether the segment is one of those that go together at all. */
  private isFit(): boolean {
    const { frame, view } = this;
    const { address, headerBytes, payloadBytes, padded, flags } = frame;
    if (payloadBytes === 0 || padded || (flags & ~PSH) !== ACK) return false;
    if ((view.getUint8(address + IP_AT + IP_SERVICE) & 3) === CONGESTION_EXPERIENCED) return false;
    const tcpBytes = headerBytes - TCP_AT;
    if (tcpBytes === PLAIN_BYTES) return true;
    const tcp = address + TCP_AT;
    if (tcpBytes !== STAMPED_BYTES || view.getInt32(tcp + TCP_OPTIONS) !== TIMESTAMPS_WORD) return false;
    return view.getInt32(tcp + STAMP_ECHO) !== 0;
  }

  private goesWith(session: HeldPacket): boolean {
    const { frame, view } = this;
    if (frame.headerBytes !== session.headerBytes || frame.seq !== session.nextSeq) return false;
    if (!session.hasRoom(frame.payloadBytes)) return false;
    if (frame.headerBytes - TCP_AT === PLAIN_BYTES) return true;
    return atOrAfter(view.getInt32(frame.address + TCP_AT + STAMP_VALUE), session.stamp);
  }

  private begin(session: HeldPacket, index: number): void {
    const { frame, view } = this;
    session.begin(frame, index);
    session.link = 0;
    if (frame.headerBytes - TCP_AT === STAMPED_BYTES)
      session.stamp = view.getInt32(frame.address + TCP_AT + STAMP_VALUE);
  }

  private append(session: HeldPacket, index: number): void {
    const { frame, view, words, layout } = this;
    const first = session.address + TCP_AT;
    const tcp = frame.address + TCP_AT;
    view.setInt32(first + TCP_ACK, view.getInt32(tcp + TCP_ACK));
    view.setUint16(first + TCP_WINDOW, view.getUint16(tcp + TCP_WINDOW));
    if (frame.headerBytes - TCP_AT === STAMPED_BYTES) {
      session.stamp = view.getInt32(tcp + STAMP_VALUE);
      view.setInt32(first + STAMP_ECHO, view.getInt32(tcp + STAMP_ECHO));
    }
    const link = ((index & layout.rxMask) + 1) << RX_NEXT_SHIFT;
    if (session.segments === 1) session.link = link;
    else words[layout.rxWord(session.last) + RX_STATUS] |= link;
    const descriptor = layout.rxWord(index);
    words[descriptor + RX_LENGTH] = frame.payloadBytes;
    words[descriptor + RX_STATUS] = RX_DONE | RX_FOLLOWS;
    session.append(frame, index);
  }

  /** The first descriptor of a session is done, and with it all of them. */
  private close(at: number): void {
    const { sessions, words, layout, counters } = this;
    const done = sessions[at];
    for (let i = at + 1; i < this.count; i++) sessions[i - 1] = sessions[i];
    this.count -= 1;
    sessions[this.count] = done;
    const descriptor = layout.rxWord(done.first);
    let status = RX_DONE | RX_CHECKSUM_CHECKED;
    if (done.segments > 1) {
      done.finish(this.kernels, done.firstFlags);
      status |= RX_MERGED | done.link;
      counters[DEVICE_LRO_PACKETS] += 1;
      counters[DEVICE_LRO_SEGMENTS] += done.segments;
    }
    words[descriptor + RX_LENGTH] = done.frameBytes;
    words[descriptor + RX_STATUS] = status;
  }
}

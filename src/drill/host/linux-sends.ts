/**
 * How much of a write Linux takes, and when it takes more: SO_SNDBUF there counts memory, which a write fills in
 * packets of up to half of the peer's window (net/ipv4/tcp.c, tcp_sendmsg_locked; net/core/stream.c). A packet
 * that is begun is filled, so a write may go over the limit; a program is woken once a third is free, and the
 * limit grows with the congestion window unless the program has set it. A packet is pushed when more than half
 * of the peer's window has been written since the last.
 */
import { EAGAIN } from '../../socket/errno.ts';
import { MSG_EOR, MSG_MORE } from '../../socket/message-flags.ts';
import type { TcpInfo } from '../../socket/tcp-info.ts';

/** What is known of a connection, and done with it. */
export interface SendingConnection {
  /** undefined: the socket has none that sends. */
  info(socket: number): TcpInfo | undefined;
  /** Bytes that are queued and were not sent. */
  unsentBytes(socket: number): number;
  /** The largest window that the peer has offered, and its MSS. */
  windowMax(socket: number): number;
  mssPeer(socket: number): number;
  send(socket: number, bytes: Uint8Array, offset: number, length: number, flags: number): number;
  /** What is queued goes as if it were all. */
  push(socket: number): void;
  /** And the program waits for room. */
  pushAndAwait(socket: number): void;
}

interface SendState {
  /** SO_SNDBUF in Linux's bytes, and whether the program has set it. */
  limit: number;
  isSet: boolean;
  /** TCP_NOTSENT_LOWAT; 0: none. */
  unsentLow: number;
  /** Bytes written, those before the packet that was begun last, and those pushed. */
  written: number;
  packetFrom: number;
  pushed: number;
  /** Whether more may be put into that packet, and its end is to be pushed then. */
  isOpen: boolean;
  pushDue: boolean;
  /** Within a write: bytes that have been sent, and that Linux would not have let go yet. */
  behind: number;
  /** A write has found no room for all, and nobody was woken since; and what was unsent before a packet came. */
  lacksRoom: boolean;
  unsentBefore: number;
}

/** The most payload of a packet that a device cuts: 65536 less what Linux keeps for headers. */
const PACKET_MAX = 65_215;
/** Up to this window Linux fills packets with all of it (TCP_MSS_DEFAULT). */
const WINDOW_SMALL = 536;
/** Memory that a packet costs beside its bytes, from what scripts of Linux's show. */
const PACKET_COST = 960;
/** Linux's SOCK_MIN_SNDBUF. */
const LIMIT_MIN = 4608;
/** Of a segment alone, beside its bytes: headers and their bookkeeping, before rounding up, and after it. */
const SEGMENT_COST = 640;
const SEGMENT_KEPT = 256;
const SEGMENTS_MIN = 10;

export class LinuxSends {
  private readonly connections: SendingConnection;
  private readonly states = new Map<number, SendState>();
  /** tcp_wmem's largest. */
  private readonly limitMax: () => number;

  constructor(connections: SendingConnection, limitMax: () => number) {
    this.connections = connections;
    this.limitMax = limitMax;
  }

  /** A socket is made. @param limit tcp_wmem's usual. */
  begin(socket: number, limit: number): void {
    this.states.set(socket, {
      ...{ limit, isSet: false, unsentLow: 0, written: 0, packetFrom: 0, pushed: 0 },
      ...{ isOpen: true, pushDue: false, behind: 0, lacksRoom: false, unsentBefore: 0 },
    });
  }

  /** A listener's connection has what the listener was given. */
  inherit(listener: number, socket: number): void {
    const from = this.states.get(listener);
    if (from === undefined) return;
    this.begin(socket, from.limit);
    const made = this.states.get(socket) as SendState;
    made.isSet = from.isSet;
    made.unsentLow = from.unsentLow;
  }

  /** @returns SO_SNDBUF as Linux tells it; undefined: the socket is none of these. */
  limitOf(socket: number): number | undefined {
    return this.states.get(socket)?.limit;
  }

  /** @param limit what Linux counts: twice what a program says. */
  setLimit(socket: number, limit: number): boolean {
    const state = this.states.get(socket);
    if (state === undefined) return false;
    state.limit = Math.max(limit, LIMIT_MIN);
    state.isSet = true;
    return true;
  }

  setUnsentLow(socket: number, bytes: number): boolean {
    const state = this.states.get(socket);
    if (state === undefined) return false;
    state.unsentLow = Math.max(0, bytes | 0);
    return true;
  }

  /** @returns bytes taken, or an errno; undefined: the socket does not send by these rules. */
  send(socket: number, bytes: Uint8Array, offset: number, length: number, flags: number): number | undefined {
    const { connections } = this;
    const state = this.states.get(socket);
    if (state === undefined || length === 0 || connections.info(socket) === undefined) return undefined;
    this.expandAtFirst(socket, state);
    let done = 0;
    while (done < length) {
      const room = this.roomInPacket(socket, state);
      if (room === 0) break;
      const count = Math.min(room, length - done);
      const isLast = done + count === length;
      const taken = this.put(
        socket,
        state,
        bytes.subarray(offset + done, offset + done + count),
        isLast,
        flags,
      );
      if (taken < 0) return done > 0 ? done : taken;
      done += taken;
      if (taken < count) break;
    }
    state.behind = 0;
    if (done === length) return done;
    state.lacksRoom = true;
    state.pushed = state.written;
    connections.pushAndAwait(socket);
    return done > 0 ? done : -EAGAIN;
  }

  /** Puts bytes into the packet that is being filled, and lets go what Linux would by then. */
  private put(socket: number, state: SendState, bytes: Uint8Array, isLast: boolean, flags: number): number {
    const { connections } = this;
    const info = connections.info(socket);
    const unsent = connections.unsentBytes(socket);
    const isForced = state.written + bytes.length - state.pushed > connections.windowMax(socket) >> 1;
    // PSH is a packet's: where more goes into what is left of it, it moves to the end of that.
    const goesWhole = info !== undefined && unsent + bytes.length <= roomOnWire(info, unsent);
    const isPushed = state.pushDue || (isForced && goesWhole);
    const how = isLast ? flags : isPushed ? 0 : MSG_MORE;
    const taken = connections.send(socket, bytes, 0, bytes.length, how);
    if (taken < 0) return taken;
    state.written += taken;
    state.isOpen = !isLast || (flags & MSG_EOR) === 0;
    state.pushDue = false;
    if (isLast || isForced) state.pushed = state.written;
    // Without a push one packet goes, of half a congestion window at the most (tcp_cwnd_test).
    const sent = unsent + taken - connections.unsentBytes(socket);
    const half = info === undefined ? sent : Math.max(1, info.snd_cwnd >> 1) * info.snd_mss;
    state.behind = isLast || isForced ? 0 : Math.max(0, sent - half);
    if (isForced && !isLast && !isPushed) this.markPush(socket, state);
    return taken;
  }

  private markPush(socket: number, state: SendState): void {
    if (this.leftOfPacket(socket, state) > 0) state.pushDue = true;
    else this.connections.push(socket);
  }

  /** Whether a program that waits for room is woken by now. */
  isWoken(socket: number): boolean {
    return this.states.get(socket)?.lacksRoom !== true;
  }

  /** Whether there is room as poll tells of it. */
  isWritable(socket: number): boolean {
    const state = this.states.get(socket);
    if (state === undefined || this.connections.info(socket) === undefined) return true;
    const memory = this.memoryOf(socket);
    if (state.limit - memory < memory >> 1) return false;
    return state.unsentLow === 0 || this.connections.unsentBytes(socket) * 2 < state.unsentLow;
  }

  /** A packet is about to arrive. */
  arriving(): void {
    for (const [socket, state] of this.states) {
      if (state.lacksRoom) state.unsentBefore = this.connections.unsentBytes(socket);
    }
  }

  /** And has: what it acknowledges may have made room. */
  arrived(): void {
    for (const [socket, state] of this.states) {
      if (!state.lacksRoom) continue;
      const info = this.connections.info(socket);
      if (info === undefined) state.lacksRoom = false;
      else this.makeRoom(socket, state, info);
    }
  }

  close(socket: number): void {
    this.states.delete(socket);
  }

  private makeRoom(socket: number, state: SendState, info: TcpInfo): void {
    // A window that is full has room enough behind it, unless it was filled by more than one packet.
    const sent = state.unsentBefore - this.connections.unsentBytes(socket);
    const isFull = info.unacked - info.sacked >= info.snd_cwnd;
    if (!isFull || sent > this.packetBytes(socket, info)) this.expand(socket, state, info);
    if (this.isWritable(socket)) state.lacksRoom = false;
  }

  private expandAtFirst(socket: number, state: SendState): void {
    const info = this.connections.info(socket);
    if (state.written === 0 && info !== undefined) this.expand(socket, state, info);
  }

  /** The limit grows to hold two congestion windows (tcp_sndbuf_expand). */
  private expand(socket: number, state: SendState, { snd_mss, snd_cwnd, reordering }: TcpInfo): void {
    if (state.isSet) return;
    const payload = Math.max(snd_mss, this.connections.mssPeer(socket));
    const segment = 2 ** Math.ceil(Math.log2(payload + SEGMENT_COST)) + SEGMENT_KEPT;
    const wanted = 2 * Math.max(SEGMENTS_MIN, snd_cwnd, reordering + 1) * segment;
    if (state.limit < wanted) state.limit = Math.min(wanted, this.limitMax());
  }

  /** Bytes that may go into the packet that is being filled, or into a new one; 0: there is no room. */
  private roomInPacket(socket: number, state: SendState): number {
    const info = this.connections.info(socket);
    if (info === undefined) return 1;
    const left = this.leftOfPacket(socket, state);
    if (left > 0) return left;
    if (this.memoryOf(socket) >= state.limit) return 0;
    if (state.unsentLow > 0 && this.connections.unsentBytes(socket) + state.behind >= state.unsentLow)
      return 0;
    state.packetFrom = state.written;
    return this.packetBytes(socket, info);
  }

  /** Room in the packet that is being filled, what of it was not sent; 0: none is. */
  private leftOfPacket(socket: number, state: SendState): number {
    const info = this.connections.info(socket);
    if (info === undefined || !state.isOpen) return 0;
    const unsent = this.connections.unsentBytes(socket) + state.behind;
    const filled = Math.min(state.written - state.packetFrom, unsent);
    return filled > 0 ? Math.max(0, this.packetBytes(socket, info) - filled) : 0;
  }

  /** Payload of the largest packet: whole segments, at most half of the peer's window. */
  private packetBytes(socket: number, { snd_mss }: TcpInfo): number {
    const window = this.connections.windowMax(socket);
    const half = window > WINDOW_SMALL ? window >> 1 : window;
    const most = half === 0 ? PACKET_MAX : Math.min(PACKET_MAX, half);
    return Math.max(1, Math.floor(most / snd_mss)) * snd_mss;
  }

  /** What is queued costs in Linux's bytes (sk_wmem_queued). */
  private memoryOf(socket: number): number {
    const info = this.connections.info(socket);
    if (info === undefined) return 0;
    const most = this.packetBytes(socket, info);
    const unsent = this.connections.unsentBytes(socket);
    const packets = Math.ceil((info.outq_bytes - unsent) / most) + Math.ceil(unsent / most);
    return info.outq_bytes + packets * PACKET_COST;
  }
}

/** How many bytes may go at once, with what is queued already: by the congestion window and by the peer's. */
function roomOnWire({ snd_cwnd, snd_mss, snd_wnd, outq_bytes }: TcpInfo, unsent: number): number {
  return Math.min(snd_cwnd * snd_mss, snd_wnd) - (outq_bytes - unsent);
}

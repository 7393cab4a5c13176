/**
 * Looks at every TCP segment that a storm's hosts send, and at those that reach them, and throws for what no
 * stack may send: RFC 9293 §3.8 and §3.10.7.4, RFC 2018, RFC 2883, RFC 7323, RFC 6298. Of each end of each
 * connection it knows what that has said and what it has been told; so it needs to look into no stack.
 * Sequence numbers are kept as distances from the initial one, so that a fault of the stack's wrapping
 * arithmetic shows.
 */
import { ACK, FIN, RST, SYN } from '../../src/tcpip/header/tcp.ts';
import { TCP_AT } from '../tcpip/wire.ts';
import { Ranges } from './ranges.ts';
import { readSegment, type Segment } from './segment.ts';

/** A silent peer's segments come again after times that do not shrink; clocks tick in microseconds. */
const BACKOFF_SLACK_US = 2000;

/** One end of a connection: what it has said, and what has reached it. */
class End {
  /** Where the bytes of its stream lie in the pattern; -1: not known, they are not looked at. */
  patternAt = -1;
  iss = 0;
  synMss = 536;
  /** -1: its SYN has no such option. */
  synScale = -1;
  synSackOk = false;
  synStamps = false;
  /** Whether it has sent a SYN. */
  begun = false;
  /** Whether the peer has begun another connection since: what this end says is about an earlier one. */
  outdated = false;
  /**
   * Of an end that has sent the first SYN: which SYN of the peer's has reached it first. A copy of its own may
   * open another connection at the peer, with other numbers, of which this end wants to know nothing.
   */
  active = false;
  heardIss: number | undefined;
  /** What it has sent, from its own ISN: the end of it all, where its FIN is; -1: none. */
  nxt = 0;
  finAt = -1;
  /** From the peer's ISN: what it has acknowledged, and up to where it takes data. */
  acked = 0;
  edge = 0;
  lastStamp = 0;
  stamped = false;
  /** What has reached it: of the peer's stream its end, from its own ISN what was acknowledged, the edge. */
  toldNxt = 0;
  toldAck = 0;
  toldEdge = 0;
  arrived = new Ranges();
  /** When it last sent the first unacknowledged byte again in silence, and how long after the time before. */
  silentAt = -1;
  silentUs = 0;
  gapUs = 0;
  /** Whether anything has reached it, or its path has changed, since. */
  heard = false;
}

export class WireChecker {
  /** Segments looked at, and those of them with SACK blocks: a storm wants to know that there were some. */
  segments = 0;
  sacks = 0;
  /** Shown each segment; undefined: nobody is. */
  trace: ((line: string) => void) | undefined;
  private readonly ends = new Map<number, End>();
  /** Where the stream of an end lies in the pattern. @returns -1 where nobody knows. */
  private readonly patternOf: (host: number, other: number, local: number, remote: number) => number;
  private readonly pattern: Uint8Array;

  constructor(
    pattern: Uint8Array,
    patternOf: (host: number, other: number, local: number, remote: number) => number,
  ) {
    this.pattern = pattern;
    this.patternOf = patternOf;
  }

  /** The paths of a host have changed: what it sends now need not wait for a time-out. */
  pathChanged(): void {
    for (const end of this.ends.values()) end.heard = true;
  }

  /** A host has sent a frame. @param mtu what its port carries. */
  sent(nowUs: number, from: number, to: number, frame: Uint8Array): void {
    const segment = readSegment(frame);
    if (segment === undefined) return;
    this.segments += 1;
    const end = this.endOf(from, to, segment.localPort, segment.remotePort);
    const peer = this.endOf(to, from, segment.remotePort, segment.localPort);
    if (this.trace !== undefined) this.trace(`${nowUs} host ${from} sends ${describe(segment, end, peer)}`);
    const wrong = this.judge(nowUs, from, to, end, peer, segment, frame);
    if (wrong !== undefined) throw new Error(`${wrong}: ${describe(segment, end, peer)}`);
  }

  /** A frame has reached a host whole, or a copy of it has. */
  arrived(nowUs: number, from: number, to: number, frame: Uint8Array): void {
    const segment = readSegment(frame);
    if (segment === undefined) return;
    const end = this.endOf(to, from, segment.remotePort, segment.localPort);
    const peer = this.endOf(from, to, segment.localPort, segment.remotePort);
    if (this.trace !== undefined) this.trace(`${nowUs} host ${to} takes ${describe(segment, peer, end)}`);
    if ((segment.flags & SYN) !== 0) hearSyn(end, segment);
    const seq = (segment.seq - peer.iss) | 0;
    // What an earlier connection of the pair has left in the network says nothing here.
    if (!peer.begun || seq < -1 || seq > peer.nxt) return;
    end.heard = true;
    if ((segment.flags & RST) !== 0) return;
    const occupied = segment.length + ((segment.flags & SYN) !== 0 ? 1 : 0) + (segment.flags & FIN);
    end.arrived.add(seq, seq + occupied);
    end.toldNxt = Math.max(end.toldNxt, seq + occupied);
    if ((segment.flags & ACK) === 0) return;
    const ack = (segment.ack - end.iss) | 0;
    if (!end.begun || ack < 0 || ack > end.nxt) return;
    // What a segment of old bytes, or one beyond the window, acknowledges is not looked at (RFC 9293
    // §3.10.7.4, first check).
    const isLookedAt = seq + occupied >= end.arrived.prefix && (seq < end.edge || seq <= end.acked);
    if (isLookedAt) end.toldAck = Math.max(end.toldAck, ack);
    const scaled = segment.window << this.scaleOf(peer, end, segment.flags);
    end.toldEdge = Math.max(end.toldEdge, ack + scaled);
  }

  private endOf(host: number, other: number, localPort: number, remotePort: number): End {
    const key = (localPort * 65536 + remotePort) * 4 + host * 2 + other;
    let end = this.ends.get(key);
    if (end === undefined) {
      end = new End();
      this.ends.set(key, end);
    }
    return end;
  }

  /** By how much the windows are shifted that an end offers. */
  private scaleOf(end: End, peer: End, flags: number): number {
    if ((flags & SYN) !== 0 || end.synScale < 0 || peer.synScale < 0) return 0;
    return end.synScale;
  }

  /** @returns what is wrong with a segment; undefined: nothing. */
  private judge(
    nowUs: number,
    host: number,
    other: number,
    end: End,
    peer: End,
    segment: Segment,
    frame: Uint8Array,
  ): string | undefined {
    const { flags } = segment;
    if ((flags & RST) !== 0) return undefined;
    if ((flags & SYN) !== 0) return this.judgeSyn(host, other, end, peer, segment);
    if (!end.begun || !peer.begun) return 'a segment before both SYNs';
    if (end.outdated || (end.heardIss !== undefined && end.heardIss !== peer.iss)) return undefined;
    if ((flags & ACK) === 0) return 'a segment without an acknowledgement';
    return (
      judgeAcknowledgement(end, segment, peer, this.scaleOf(end, peer, flags)) ??
      this.judgeText(end, peer, segment, frame) ??
      judgeOptions(end, peer, segment) ??
      this.judgeSack(end, peer, segment) ??
      judgeBackoff(nowUs, end, segment)
    );
  }

  private judgeSyn(host: number, other: number, end: End, peer: End, segment: Segment): string | undefined {
    if (segment.length > 0) return 'a SYN with data';
    if (segment.windowScale > 14) return 'a window shift of more than 14 (RFC 7323 §2.3)';
    if (!end.begun || end.iss !== segment.seq) {
      // A new connection of the pair; one that its own side had given up may be followed by another.
      beginAnew(end, peer, segment);
      end.patternAt = this.patternOf(host, other, segment.localPort, segment.remotePort);
    }
    // One that is sent again may tell more, where the path has changed.
    end.synMss = Math.max(end.synMss, segment.mss);
    if ((segment.flags & ACK) === 0) return undefined;
    if (!peer.begun) return 'a SYN is acknowledged that was never sent';
    const ack = (segment.ack - peer.iss) | 0;
    if (ack < 1 || ack > end.toldNxt) return 'an acknowledgement beyond what has arrived';
    end.acked = Math.max(end.acked, ack);
    end.edge = Math.max(end.edge, ack + segment.window);
    return undefined;
  }

  private judgeText(end: End, peer: End, segment: Segment, frame: Uint8Array): string | undefined {
    const seq = (segment.seq - end.iss) | 0;
    const text = seq + segment.length;
    if (seq > end.nxt) return 'a gap in what is sent';
    if (seq < end.toldAck - 1 || (seq < end.toldAck && segment.length > 1)) {
      return 'what was acknowledged is sent again';
    }
    if (segment.length > 0 && text > end.toldEdge) return 'data beyond the window that the peer has offered';
    if (end.finAt >= 0 && segment.length > 0 && text > end.finAt) return 'data behind the FIN';
    if ((segment.flags & FIN) !== 0) {
      if (end.finAt >= 0 && end.finAt !== text) return 'a FIN in two places';
      if (text < end.nxt && end.finAt < 0) return 'a FIN before data that was sent';
      end.finAt = text;
    }
    end.nxt = Math.max(end.nxt, text + (segment.flags & FIN));
    if (segment.length > peer.synMss) return 'more payload than the MSS that the peer has told';
    if (end.patternAt < 0 || segment.length === 0 || seq < 1) return undefined;
    const from = TCP_AT + segment.headerLength;
    const at = end.patternAt + seq - 1;
    const same =
      Buffer.compare(
        frame.subarray(from, from + segment.length),
        this.pattern.subarray(at, at + segment.length),
      ) === 0;
    return same ? undefined : 'other bytes than the program sends there';
  }

  /** RFC 2018 §3 and §4, RFC 2883 §4. */
  private judgeSack(end: End, peer: End, segment: Segment): string | undefined {
    const { blocks } = segment;
    if (blocks.length === 0) return undefined;
    this.sacks += 1;
    if (!end.synSackOk || !peer.synSackOk) return 'SACK blocks that were not agreed on';
    const ack = (segment.ack - peer.iss) | 0;
    let first = 0;
    for (let i = 0; i < blocks.length; i += 2) {
      const [start, stop] = [(blocks[i] - peer.iss) | 0, (blocks[i + 1] - peer.iss) | 0];
      if (start >= stop) return 'a SACK block without bytes';
      if (!end.arrived.holds(start, stop)) return 'a SACK block of bytes that have not arrived';
      const isDuplicate = i === 0 && (stop <= ack || isInside(start, stop, blocks, peer.iss));
      if (isDuplicate) {
        first = 2;
        continue;
      }
      if (start <= ack) return 'a SACK block that is not above the acknowledgement';
      for (let j = first; j < i; j += 2) {
        const [other, otherStop] = [(blocks[j] - peer.iss) | 0, (blocks[j + 1] - peer.iss) | 0];
        if (start <= otherStop && other <= stop) return 'SACK blocks that touch';
      }
    }
    return undefined;
  }
}

/** A SYN has reached an end, which takes the numbers of the first that answers its own. */
function hearSyn(end: End, { flags, seq, ack }: Segment): void {
  const isAnswer = (flags & ACK) === 0 || ((ack - end.iss) | 0) === 1;
  if (end.begun && end.active && isAnswer) end.heardIss ??= seq;
}

/** An end sends another SYN: it begins a stream, of which its peer knows nothing yet. */
function beginAnew(end: End, peer: End, segment: Segment): void {
  peer.outdated = peer.begun && (segment.flags & ACK) === 0;
  end.begun = true;
  end.outdated = false;
  end.active = (segment.flags & ACK) === 0;
  end.heardIss = undefined;
  end.iss = segment.seq;
  end.synMss = segment.mss === 0 ? 536 : segment.mss;
  end.synScale = segment.windowScale;
  end.synSackOk = segment.sackOk;
  end.synStamps = segment.stamps;
  end.stamped = false;
  end.nxt = 1;
  end.finAt = -1;
  end.acked = 0;
  end.edge = 0;
  end.toldAck = 0;
  end.toldEdge = 0;
  peer.toldNxt = 0;
  peer.arrived = new Ranges();
}

/** Whether a first block lies in the second: it tells of a duplicate then. */
function isInside(start: number, stop: number, blocks: readonly number[], iss: number): boolean {
  if (blocks.length < 4) return false;
  return start >= ((blocks[2] - iss) | 0) && stop <= ((blocks[3] - iss) | 0);
}

function judgeAcknowledgement(end: End, segment: Segment, peer: End, scale: number): string | undefined {
  const ack = (segment.ack - peer.iss) | 0;
  if (ack > end.toldNxt) return 'an acknowledgement beyond what has arrived';
  if (ack > 1 && !end.arrived.holds(0, ack)) return 'an acknowledgement over a hole';
  if (ack < end.acked) return 'an acknowledgement that goes back';
  const edge = ack + (segment.window << scale);
  if (edge < end.edge) return `a right edge that goes back by ${end.edge - edge}`;
  end.acked = ack;
  end.edge = edge;
  return undefined;
}

/** RFC 7323 §3.2: on every segment where both SYNs had them, and never back. */
function judgeOptions(end: End, peer: End, segment: Segment): string | undefined {
  if (segment.mss !== 0 || segment.windowScale >= 0 || segment.sackOk) return "a SYN's option without a SYN";
  const agreed = end.synStamps && peer.synStamps;
  if (segment.stamps !== agreed) return agreed ? 'no timestamps' : 'timestamps that were not agreed on';
  if (!agreed) return undefined;
  if (end.stamped && ((segment.stamp - end.lastStamp) | 0) < 0) return 'a timestamp that goes back';
  end.stamped = true;
  end.lastStamp = segment.stamp;
  return undefined;
}

/**
 * RFC 6298 §5.5, RFC 9293 §3.8.6.1: the first unacknowledged byte, or a probe, comes again after times that
 * grow, while nothing has come in. The first interval may be a tail loss probe's, which is shorter.
 */
function judgeBackoff(nowUs: number, end: End, segment: Segment): string | undefined {
  const seq = (segment.seq - end.iss) | 0;
  const isAgain =
    seq === end.toldAck - 1 ||
    (seq === end.toldAck && seq + segment.length + (segment.flags & FIN) <= end.nxt && segment.length > 0);
  if (end.heard || seq !== end.silentAt) {
    if (end.heard) end.silentAt = -1;
    end.heard = false;
    if (isAgain) end.silentAt = seq;
    end.silentUs = nowUs;
    end.gapUs = 0;
    return undefined;
  }
  if (!isAgain) return undefined;
  const gap = nowUs - end.silentUs;
  const shrinks = gap + BACKOFF_SLACK_US < end.gapUs;
  end.silentUs = nowUs;
  end.gapUs = gap;
  return shrinks ? 'a time-out that shrinks' : undefined;
}

function describe(segment: Segment, end: End, peer: End): string {
  const { flags, length, window, blocks } = segment;
  const names = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'].filter((_, bit) => (flags & (1 << bit)) !== 0);
  const seq = (segment.seq - end.iss) | 0;
  const ack = (segment.ack - peer.iss) | 0;
  const shown = blocks.map((edge) => (edge - peer.iss) | 0).join(' ');
  const told = `told ack ${end.toldAck} edge ${end.toldEdge} nxt ${end.toldNxt}`;
  const said = `said ack ${end.acked} edge ${end.edge} nxt ${end.nxt}`;
  const ports = `${segment.localPort} to ${segment.remotePort}`;
  const text = `${names.join(' ')} seq ${seq}+${length} ack ${ack} win ${window} sack [${shown}]`;
  return `${ports} ${text}; ${told}; ${said}`;
}

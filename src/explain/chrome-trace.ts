/**
 * An operation's way as a trace in the Trace Event Format of Chrome, which ui.perfetto.dev and
 * chrome://tracing open: a process for each host, card and link, in it a track for the operation's spans, and
 * beside it all other work of the same time. Arrows lead from each span to the next on another track.
 *
 * Slices of one track lie beside or within each other. Viewers hold them against each other in whole
 * nanoseconds, so that times are rounded to those here, where a begin and an end at one time stay together.
 */
import type { Call, Message, Packet, Turn } from './events.ts';
import type { Explanation } from './explain.ts';
import { isInner } from './legs.ts';
import type { Who } from './path.ts';
import { runsInline } from './processors.ts';
import { wayText } from './ways.ts';

/** One event. Times are microseconds, to the nanosecond. */
export interface TraceEvent {
  /** M: names; X: a slice; s, f: an arrow's ends; C: a counter. */
  readonly ph: 'M' | 'X' | 's' | 'f' | 'C';
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly cat?: string;
  readonly dur?: number;
  readonly id?: number;
  readonly bp?: 'e';
  /** A colour's name in chrome://tracing. */
  readonly cname?: string;
  readonly args?: Readonly<Record<string, string | number>>;
}

export interface ChromeTrace {
  readonly displayTimeUnit: 'ns';
  readonly traceEvents: readonly TraceEvent[];
  readonly otherData: Readonly<Record<string, string | number>>;
}

/** Where a slice is drawn. */
interface Track {
  readonly pid: number;
  readonly tid: number;
}

/** Tracks of a process: first those of the operation. */
const TRACKS: Readonly<Record<Who, number>> = { host: 1, iop: 1, dma: 2, bus: 3, wire: 1 };
const PROCESSOR = 11;
const DMA_ENGINE = 12;
/** Of a link: the two directions, from the wire's index. */
const DIRECTION = 21;

const MUTED = 'grey';
const WAITING = 'bad';
const WORKING = 'good';

export function chromeTrace(explanation: Explanation): ChromeTrace {
  const writer = new TraceWriter(explanation);
  writer.names();
  writer.operation();
  writer.others();
  writer.pools();
  const { number, program } = explanation.journey.operation;
  return {
    displayTimeUnit: 'ns',
    traceEvents: writer.events.sort(inOrder),
    otherData: {
      point: explanation.point,
      request: number,
      program,
      ...(explanation.system !== undefined && { system: explanation.system }),
      ...Object.fromEntries(explanation.ways.map((way) => [`way at ${way.host}`, wayText(way)])),
      ...explanation.settings,
    },
  };
}

/** Names come first, then all by time; of what has one time a slice before those within it and its arrows. */
const RANKS: Readonly<Record<TraceEvent['ph'], number>> = { M: 0, X: 1, s: 2, f: 2, C: 3 };

function inOrder(a: TraceEvent, b: TraceEvent): number {
  return a.ts - b.ts || RANKS[a.ph] - RANKS[b.ph] || (b.dur ?? 0) - (a.dur ?? 0);
}

class TraceWriter {
  readonly events: TraceEvent[] = [];
  private readonly explanation: Explanation;
  /** Time 0 of the trace, in the world's nanoseconds. */
  private readonly originNs: number;
  private readonly fromNs: number;
  private readonly toNs: number;

  constructor(explanation: Explanation) {
    this.explanation = explanation;
    const { log } = explanation.ground;
    const { startNs, endNs } = explanation.journey.operation;
    this.fromNs = startNs;
    this.toNs = endNs;
    const turns = log.turns.map((turn) => turn.startNs);
    const calls = log.calls.map((call) => call.beginNs);
    const packets = log.packets.map((packet) => packet.sentNs);
    this.originNs = [...turns, ...calls, ...packets].reduce((a, b) => Math.min(a, b), startNs);
  }

  /** Says what processes and tracks are called, in the order in which they are to be drawn. */
  names(): void {
    const { topology, wires } = this.explanation.ground;
    topology.hosts.forEach(({ name }, i) => {
      const pid = this.hostPid(i);
      this.named(pid, `host ${name}`);
      this.track(pid, TRACKS.host, 'this request');
      this.track(pid, PROCESSOR, 'processor: turns and calls');
    });
    topology.cards.forEach((_, i) => {
      this.cardNames(i);
    });
    topology.links.forEach(({ name }, i) => {
      if (this.isWithin(name)) return;
      this.named(this.linkPid(i), `link ${name}`);
      this.track(this.linkPid(i), TRACKS.wire, 'this request');
    });
    wires.forEach((wire, i) => {
      const link = topology.links.findIndex(({ name }) => name === wire.link);
      if (link < 0 || this.isWithin(wire.link)) return;
      const ends = [wire.from, wire.to].map((end) =>
        'card' in end ? topology.cards[end.card].name : topology.switches[end.switch].name,
      );
      this.track(this.linkPid(link), DIRECTION + i, `${ends[0]} to ${ends[1]}`);
    });
  }

  /** Whether a link is none of the world's, but one within a host. */
  private isWithin(link: string): boolean {
    const { ground } = this.explanation;
    return ground.wires.some((wire, i) => wire.link === link && isInner(ground, i));
  }

  /**
   * An inline card has neither a processor of its own nor anything between its host and it; a plain device has
   * no processor at all.
   */
  private cardNames(card: number): void {
    const { topology, classOf } = this.explanation.ground;
    const { name, host } = topology.cards[card];
    const pid = this.cardPid(card);
    if (classOf(card) === 'plain') {
      this.named(pid, `device ${name}`);
      this.track(pid, TRACKS.dma, 'this request: DMA engine');
      this.track(pid, TRACKS.bus, 'this request: bus');
      this.track(pid, DMA_ENGINE, 'DMA engine');
      return;
    }
    this.named(pid, `card ${name}`);
    if (runsInline(topology, card)) {
      this.track(pid, TRACKS.iop, `this request: on the processor of host ${topology.hosts[host].name}`);
      return;
    }
    this.track(pid, TRACKS.iop, 'this request: I/O processor');
    this.track(pid, TRACKS.dma, 'this request: DMA engine');
    this.track(pid, TRACKS.bus, 'this request: bus');
    this.track(pid, PROCESSOR, 'I/O processor: turns');
    this.track(pid, DMA_ENGINE, 'DMA engine');
  }

  /** The operation's spans, and the arrows between them. */
  operation(): void {
    const { spans } = this.explanation.journey;
    spans.forEach((span, i) => {
      const track = this.trackOf(span.who, span.where);
      const fromNs = this.fromNs + span.fromNs;
      const toNs = this.fromNs + span.toNs;
      const name = span.waiting ? `waits for ${span.what}` : span.what;
      const cname = span.waiting ? WAITING : WORKING;
      this.slice(track, name, fromNs, toNs, {
        cat: span.waiting ? 'wait' : 'work',
        cname,
        args: { part: span.leg },
      });
      const next = spans[i + 1];
      if (next === undefined) return;
      const to = this.trackOf(next.who, next.where);
      if (to.pid === track.pid && to.tid === track.tid) return;
      const arrow = { name: 'next', cat: 'flow', id: i + 1 };
      this.events.push({ ph: 's', ...arrow, ...track, ts: this.us(toNs - 1) });
      this.events.push({ ph: 'f', bp: 'e', ...arrow, ...to, ts: this.us(toNs) });
    });
  }

  /** What else went on. */
  others(): void {
    const { log, topology } = this.explanation.ground;
    for (const turn of log.turns) this.turn(turn);
    for (const call of log.calls) this.call(call);
    for (const packet of log.packets) this.packet(packet);
    topology.cards.forEach((_, card) => {
      if (!runsInline(topology, card)) this.transfers(card, log.packets, log.messages);
    });
  }

  /** How much of each card's pools was in use. */
  pools(): void {
    for (const { card, ns, use } of this.explanation.ground.log.pools) {
      for (const [pool, count] of Object.entries(use)) {
        const name = `${pool} in use`;
        this.events.push({
          ph: 'C',
          name,
          pid: this.cardPid(card),
          tid: TRACKS.iop,
          ts: this.us(ns),
          args: { count },
        });
      }
    }
  }

  private turn({ kind, index, startNs, endNs, work }: Turn): void {
    if (kind === 'switches') return;
    const { topology } = this.explanation.ground;
    // Turns of one processor lie on one track.
    const inline = kind === 'cards' && runsInline(topology, index);
    const host = inline ? topology.cards[index].host : index;
    const pid = kind === 'cards' && !inline ? this.cardPid(index) : this.hostPid(host);
    const name = inline ? `turn of card ${topology.cards[index].name}` : 'turn';
    const args = { items: work };
    this.slice({ pid, tid: PROCESSOR }, name, startNs, endNs, { cat: 'other', cname: MUTED, args });
  }

  private call({ name, card, stream, beginNs, endNs, result }: Call): void {
    if (name === 'other') return;
    const pid = this.hostPid(this.explanation.ground.topology.cards[card].host);
    const args = { socket: stream?.socketId ?? -1, result };
    this.slice({ pid, tid: PROCESSOR }, name, beginNs, endNs, { cat: 'other', cname: MUTED, args });
  }

  private packet({ wire, length, startNs, endNs, flow }: Packet): void {
    const { topology, wires } = this.explanation.ground;
    const link = topology.links.findIndex(({ name }) => name === wires[wire].link);
    if (link < 0 || this.isWithin(wires[wire].link)) return;
    const track = { pid: this.linkPid(link), tid: DIRECTION + wire };
    const more = { cat: 'other', cname: MUTED, args: { bytes: length, flow } };
    this.slice(track, `${length} bytes`, startNs, endNs, more);
  }

  /** A DMA engine does one thing after the other: out of transmit buffers, and into buckets. */
  private transfers(card: number, packets: readonly Packet[], messages: readonly Message[]): void {
    const { topology, wires } = this.explanation.ground;
    const { latencyNs } = topology.cards[card].bus;
    const fetches = packets
      .filter(({ wire }) => {
        const { from } = wires[wire];
        return 'card' in from && from.card === card;
      })
      .map(({ sentNs, leaveNs }) => ({ name: 'fetch', fromNs: sentNs, toNs: leaveNs }));
    const placements = messages
      .filter(
        ({ direction, card: own, records }) => direction === 'outbound' && own === card && records.length > 0,
      )
      .map(({ postTurn, postedNs, shownNs }) => ({
        name: 'placement',
        fromNs: postTurn?.endNs ?? postedNs,
        toNs: shownNs - latencyNs,
      }));
    let freeNs = 0;
    const inOrder = [...fetches, ...placements].sort((a, b) => a.toNs - b.toNs);
    for (const { name, fromNs, toNs } of inOrder) {
      const startNs = Math.max(fromNs, freeNs);
      const track = { pid: this.cardPid(card), tid: DMA_ENGINE };
      if (toNs > startNs) this.slice(track, name, startNs, toNs, { cat: 'other', cname: MUTED });
      freeNs = Math.max(freeNs, toNs);
    }
  }

  private slice(track: Track, name: string, fromNs: number, toNs: number, more: Partial<TraceEvent>): void {
    const startNs = this.wholeNs(fromNs);
    const tookNs = this.wholeNs(toNs) - startNs;
    if (!(tookNs > 0) || fromNs > this.toNs) return;
    this.events.push({ ph: 'X', name, ...track, ts: startNs / 1000, dur: tookNs / 1000, ...more });
  }

  private named(pid: number, name: string): void {
    this.events.push({ ph: 'M', name: 'process_name', pid, tid: 0, ts: 0, args: { name } });
    this.events.push({ ph: 'M', name: 'process_sort_index', pid, tid: 0, ts: 0, args: { sort_index: pid } });
  }

  private track(pid: number, tid: number, name: string): void {
    this.events.push({ ph: 'M', name: 'thread_name', pid, tid, ts: 0, args: { name } });
    this.events.push({ ph: 'M', name: 'thread_sort_index', pid, tid, ts: 0, args: { sort_index: tid } });
  }

  private trackOf(who: Who, where: string): Track {
    const { hosts, cards, links } = this.explanation.ground.topology;
    const at = (names: readonly { readonly name: string }[]): number =>
      Math.max(
        0,
        names.findIndex(({ name }) => name === where),
      );
    if (who === 'host') return { pid: this.hostPid(at(hosts)), tid: TRACKS.host };
    if (who === 'wire') return { pid: this.linkPid(at(links)), tid: TRACKS.wire };
    return { pid: this.cardPid(at(cards)), tid: TRACKS[who] };
  }

  private hostPid(host: number): number {
    return 1 + host;
  }

  private cardPid(card: number): number {
    return 1 + this.explanation.ground.topology.hosts.length + card;
  }

  private linkPid(link: number): number {
    return this.cardPid(this.explanation.ground.topology.cards.length) + link;
  }

  /** Microseconds since the trace's begin. @param ns in the world's time. */
  private us(ns: number): number {
    return this.wholeNs(ns) / 1000;
  }

  private wholeNs(ns: number): number {
    return Math.round(ns - this.originNs);
  }
}

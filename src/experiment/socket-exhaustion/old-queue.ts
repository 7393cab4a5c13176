/**
 * The retransmission queue of a host of Linux 2.6.9's time, as far as an assertion of it goes. With TCP
 * segmentation offload an entry may hold several segments, and carries how many; the count is made for the
 * MSS of that moment. When the retransmission timer sends the first entry again and it is short, the next one
 * is merged into it (tcp_retrans_collapse), and both must count one segment: they are shorter than one. A
 * count that an MSS change has left stale breaks that. Ours; the rules are those of net/ipv4/tcp_output.c.
 */
import type { Random } from '../../time/random.ts';

/** What the assertion does: stops the machine, says so and merges nothing, or has both counted again. */
export const PANIC_MODES = ['panic', 'warn', 'check'] as const;
export type PanicMode = (typeof PANIC_MODES)[number];

export interface OldHost {
  /** Entries may hold several segments (ethtool's tcp-segmentation-offload). */
  readonly tso: boolean;
  /** Short neighbours are merged when they are sent again (tcp_retrans_collapse). */
  readonly collapse: boolean;
  /** The fault: a change of the MSS leaves the counts of what is queued as they were. */
  readonly staleCounts: boolean;
  readonly mode: PanicMode;
}

/** What one entry may hold: a large send of the time was at most an IPv4 packet. */
const ENTRY_BYTES_MAX = 65_535 - 120;

interface Entry {
  bytes: number;
  /** Segments it counts for, at `mss`. */
  count: number;
  mss: number;
}

export class OldQueue {
  readonly host: OldHost;
  mss: number;
  /** The assertion has stopped the machine: nothing is done any more. */
  panicked = false;
  /** How often the assertion has complained without stopping it, and has counted again. */
  warnings = 0;
  recounts = 0;
  merges = 0;
  private entries: Entry[] = [];

  /** @param mss payload bytes of a segment, above 0. */
  constructor(host: OldHost, mss: number) {
    this.host = host;
    this.mss = mss;
  }

  get queuedBytes(): number {
    return this.entries.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Entries whose count is not what their bytes come to. */
  get stale(): number {
    return this.entries.filter((entry) => entry.count !== this.countOf(entry)).length;
  }

  /** A program's bytes are queued and sent: whole large entries with offload, else one for each segment. */
  send(bytes: number): void {
    if (this.panicked) return;
    const most = this.host.tso ? ENTRY_BYTES_MAX - (ENTRY_BYTES_MAX % this.mss) : this.mss;
    for (let left = bytes; left > 0; left -= most) this.entries.push(this.counted(Math.min(left, most)));
  }

  /** The path's MTU, or the space that options take of a segment, has changed. */
  changeMss(mss: number): void {
    if (this.panicked) return;
    this.mss = mss;
    if (!this.host.staleCounts) for (const entry of this.entries) this.recount(entry);
  }

  /** The peer acknowledges so many more bytes. */
  acknowledge(bytes: number): void {
    let left = this.panicked ? 0 : bytes;
    while (left > 0 && this.entries.length > 0) {
      const [first] = this.entries;
      const cut = Math.min(left, first.bytes);
      left -= cut;
      if (cut === first.bytes) this.entries.shift();
      else this.trim(first, cut);
    }
  }

  /** The retransmission timer expires: the first entry goes again, with its neighbour if both are short. */
  timeout(): void {
    const [first] = this.entries;
    if (this.panicked || first === undefined) return;
    if (first.bytes > this.mss) this.split(first);
    const next = this.entries[1];
    if (!this.host.collapse || next === undefined || first.bytes >= this.mss >> 1) return;
    if (first.bytes + next.bytes > this.mss || !this.mayMerge(first, next)) return;
    this.entries.splice(0, 2, this.counted(first.bytes + next.bytes));
    this.merges += 1;
  }

  /** `BUG_ON(tcp_skb_pcount(skb) != 1 || tcp_skb_pcount(next_skb) != 1)`, or what is done in its place. */
  private mayMerge(first: Entry, next: Entry): boolean {
    if (first.count === 1 && next.count === 1) return true;
    if (this.host.mode === 'panic') {
      this.panicked = true;
      return false;
    }
    if (this.host.mode === 'warn') {
      this.warnings += 1;
      return false;
    }
    this.recount(first);
    this.recount(next);
    this.recounts += 1;
    return first.count === 1 && next.count === 1;
  }

  /** Bytes are taken off the front. A stale entry goes on in the segments that it was counted in. */
  private trim(entry: Entry, bytes: number): void {
    const { tso, staleCounts } = this.host;
    entry.bytes -= bytes;
    if (!tso || !staleCounts || entry.mss === this.mss) this.recount(entry);
    else entry.count -= Math.floor(bytes / entry.mss);
  }

  /** Only one segment is sent again: the rest becomes an entry of its own. Both are counted. */
  private split(first: Entry): void {
    const rest = first.bytes - this.mss;
    first.bytes = this.mss;
    this.recount(first);
    this.entries.splice(1, 0, this.counted(rest));
  }

  private counted(bytes: number): Entry {
    const entry = { bytes, count: 0, mss: this.mss };
    this.recount(entry);
    return entry;
  }

  private recount(entry: Entry): void {
    entry.count = this.countOf(entry);
    entry.mss = this.mss;
  }

  /** Without offload an entry is one packet, whatever has become of the MSS since. */
  private countOf({ bytes }: Entry): number {
    return this.host.tso ? Math.ceil(bytes / this.mss) : 1;
  }
}

/** Segment sizes of the time: plain, with timestamps, with SACK blocks, over a tunnel, over an old router. */
const MSSES = [1460, 1448, 1436, 1412, 1400, 536];
const STEPS = 200;
/** Beyond this a program waits for acknowledgements. */
const QUEUE_BYTES_MAX = 65_536;

/** A connection's life in random steps: short and long sends, acknowledgements, MSS changes, time-outs. */
export function oldStorm(host: OldHost, random: Random): OldQueue {
  const mssOf = (): number => MSSES[random.below(MSSES.length)];
  const queue = new OldQueue(host, mssOf());
  for (let step = 0; step < STEPS && !queue.panicked; step++) {
    const what = random.below(10);
    if (what < 5) {
      const bytes = 1 + random.below(what < 4 ? 800 : 20_000);
      if (queue.queuedBytes + bytes <= QUEUE_BYTES_MAX) queue.send(bytes);
    } else if (what < 8) queue.acknowledge(1 + random.below(4000));
    else if (what < 9) queue.timeout();
    else queue.changeMss(mssOf());
  }
  return queue;
}

/**
 * What the machine left on its console, in the words of the time; line and addresses are left out, which
 * differ with each build.
 */
export const OOPS = [
  '----------- [cut here ] --------- [please bite here ] ---------',
  'kernel BUG at net/ipv4/tcp_output.c',
  'invalid operand: 0000 [1] SMP',
  'RIP: tcp_retransmit_skb',
  'Call Trace: <IRQ> tcp_retransmit_timer',
  '                  tcp_write_timer',
  '                  run_timer_softirq',
  '                  __do_softirq',
  '                  do_softirq',
  '                  apic_timer_interrupt <EOI>',
  'Kernel panic - not syncing: Aiee, killing interrupt handler!',
].join('\n');

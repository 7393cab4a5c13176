/**
 * What one end of a connection is to do, drawn by chance, and what it has seen: the record that the judge
 * (ends-judge.ts) holds against that of the other end. Neither knows anything of a stack.
 */
import type { Random } from '../../src/time/random.ts';

const SECOND_NS = 1e9;

/** Writes that an end takes at least where all are as long as its longest. */
const WRITES_MAX = 500;

/** How an end reads. `stops`: until it has read so many bytes, and never again. */
const READERS = ['eager', 'eager', 'slow', 'slow', 'stops', 'never'] as const;

/**
 * How an end leaves. `close`: once it has sent all; `whole`: once it has also read to the end; `half`: it
 * shuts its writing down first; `cut`: in the middle of what it was to send; `reset`: so, too, with a linger
 * of 0; `linger`: as `close`, with a linger of some seconds; `both`: by a shutdown of both halves, then
 * close; `shutReset`: it shuts its writing down, and resets later; `deaf`: it shuts its reading down first.
 */
const ENDINGS = [
  'close',
  'close',
  'whole',
  'whole',
  'half',
  'half',
  'half',
  'cut',
  'reset',
  'reset',
  'linger',
  'both',
  'shutReset',
  'deaf',
] as const;

export interface EndPlan {
  readonly reader: (typeof READERS)[number];
  readonly ending: (typeof ENDINGS)[number];
  readonly sendBytes: number;
  /** Bytes read after which a reader that stops has stopped. */
  readonly stopsAt: number;
  /** The longest send, and the longest read. */
  readonly pieceBytes: number;
  readonly readBytes: number;
  /** It thinks at most so long between two turns. */
  readonly thinkNs: number;
  /** It closes after so long, whatever it waits for. */
  readonly patienceNs: number;
  readonly noDelay: boolean;
  /** Whether a linger of 0 is set at once, and not only before the close. */
  readonly lingersEarly: boolean;
}

export function drawPlan(random: Random): EndPlan {
  const reader = READERS[random.below(READERS.length)];
  const ending = ENDINGS[random.below(ENDINGS.length)];
  const rests = reader === 'never' || reader === 'stops';
  const thinkNs = [0, 1e5, 1e6, 1e7, 5e7][random.below(5)];
  const readBytes = [1, 500, 4000, 70_000][random.below(4)];
  const pieceBytes = [5, 200, 3000, 20_000, 70_000][random.below(5)];
  const size = [0, 100, 5000, 30_000, 100_000][random.below(5)];
  return {
    reader,
    ending,
    // In the worst case one write waits for the acknowledgement of the one before.
    sendBytes: size === 0 ? 0 : 1 + random.below(Math.min(size, WRITES_MAX * pieceBytes)),
    stopsAt: random.below(4000),
    pieceBytes: thinkNs > 1e5 ? Math.max(pieceBytes, 500) : pieceBytes,
    // Who writes or reads byte by byte does not think long, or it would never see the end.
    readBytes: thinkNs > 1e5 ? Math.max(readBytes, 500) : readBytes,
    thinkNs,
    patienceNs: (rests ? 1 + random.below(60) : 600) * SECOND_NS,
    noDelay: random.below(3) === 0,
    lingersEarly: random.below(2) === 0,
  };
}

/** An errno that one of the calls told, and what had been read by then. */
export interface ToldError {
  readonly errno: number;
  readonly by: 'recv' | 'send' | 'option';
  readonly atNs: number;
}

/** What an end has done and seen. */
export class EndRecord {
  readonly plan: EndPlan;
  readonly connection: number;
  readonly side: 'client' | 'server';
  /** The other end's, once that is known. */
  peer: EndRecord | undefined;
  /** Bytes that sends took, and that receives gave. */
  accepted = 0;
  received = 0;
  /** When a receive first answered 0 that could only be the peer's end; below 0: none has. */
  endNs = -1;
  told: ToldError | undefined;
  /** The connect failed with this errno. */
  refused = 0;
  connected = false;
  /** When it shut its writing, or its reading, down; and when it closed. Below 0: never. */
  shutWriteNs = -1;
  shutReadNs = -1;
  closedNs = -1;
  lingerSeconds = -1;
  gaveUp = false;
  /** A receive has answered 0 after an error, or after its own shutdown. */
  drained = false;
  startedNs = 0;

  constructor(plan: EndPlan, connection: number, side: 'client' | 'server') {
    this.plan = plan;
    this.connection = connection;
    this.side = side;
  }

  /** When it said that it would send no more, by whatever call; below 0: not yet. */
  get leftNs(): number {
    return this.shutWriteNs >= 0 ? this.shutWriteNs : this.closedNs;
  }

  get name(): string {
    return `${this.side} ${this.connection} (${this.plan.reader}, ${this.plan.ending})`;
  }
}

/** The byte at a place of what one end of a connection sends. */
export function byteAt(connection: number, side: 'client' | 'server', place: number): number {
  const salt = connection * 37 + (side === 'client' ? 11 : 151);
  return (salt + place * 7 + (place >>> 8) * 13 + (place >>> 16)) & 0xff;
}

/** Whether the end has anything to read for, by its plan and by what it has seen. */
export function reads({ plan, received, endNs, drained }: EndRecord): boolean {
  if (endNs >= 0 || drained || plan.reader === 'never') return false;
  return plan.reader !== 'stops' || received < plan.stopsAt;
}

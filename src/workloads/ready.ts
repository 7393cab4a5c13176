/**
 * Which of a program's sockets are worth a call. A stack that names the sockets whose readiness has changed,
 * as epoll does edge by edge, spares a program of hundreds of connections a call that fails at each of them
 * in every step. Where it is not asked, every socket is always worth one.
 */

/** A stack that names sockets. */
export interface ReadyStack {
  /** The socket whose readiness changed longest ago, each once; -1 when there is none. */
  nextReady(): number;
}

/** Hands on what one stack names to the programs over it, each of which watches sockets of its own. */
export class ReadySockets {
  private readonly stack: ReadyStack;
  /** By socket: whose it is, and its place there. One that was closed stays until its id is used again. */
  private readonly owners: (Tries | undefined)[] = [];
  private readonly places: number[] = [];

  constructor(stack: ReadyStack) {
    this.stack = stack;
  }

  watch(socket: number, owner: Tries, place: number): void {
    this.owners[socket] = owner;
    this.places[socket] = place;
  }

  /** Asks the stack. @returns how many sockets it named. // Hot path. */
  collect(): number {
    const { stack, owners, places } = this;
    let count = 0;
    for (let socket = stack.nextReady(); socket >= 0; socket = stack.nextReady()) {
      owners[socket]?.wake(places[socket]);
      count += 1;
    }
    return count;
  }
}

/**
 * What a step that got on with so many calls answers: where it got on with none, what its own calls have made
 * ready counts, so that it does not wait for other news.
 */
export function stepAnswer(progress: number, ready: ReadySockets | undefined): number {
  return progress > 0 || ready === undefined ? progress : ready.collect();
}

/** Places of one word of `Tries`. */
const WORD_PLACES = 32;

/** The places of one program, a socket each. */
export class Tries {
  private readonly ready: ReadySockets | undefined;
  private readonly places: number;
  /** A bit for each place, so that whoever looks for the next passes over those that wait 32 at a time. */
  private readonly worth: Int32Array;

  /** @param ready absent: every place is always worth a call. */
  constructor(places: number, ready: ReadySockets | undefined) {
    this.ready = ready;
    this.places = places;
    this.worth = new Int32Array(Math.ceil(places / WORD_PLACES));
    for (let place = 0; place < places; place++) this.wake(place);
  }

  /** A place has a new socket, which may have become ready before it was known here. */
  watch(place: number, socket: number): void {
    this.wake(place);
    this.ready?.watch(socket, this, place);
  }

  wake(place: number): void {
    this.worth[place >> 5] |= 1 << (place & 31);
  }

  /** Whether a call may get on. // Hot path. */
  at(place: number): boolean {
    return (this.worth[place >> 5] & (1 << (place & 31))) !== 0;
  }

  /** @returns the first place from this one on where a call may get on, or how many there are. // Hot path. */
  next(from: number): number {
    const { worth, places } = this;
    if (from >= places) return places;
    let word = from >> 5;
    let bits = worth[word] & (-1 << (from & 31));
    while (bits === 0) {
      word += 1;
      if (word === worth.length) return places;
      bits = worth[word];
    }
    return (word << 5) + (31 - Math.clz32(bits & -bits));
  }

  /** A call was too early, or the next one would be: its time has come when the stack names the socket. */
  wait(place: number): void {
    if (this.ready !== undefined) this.worth[place >> 5] &= ~(1 << (place & 31));
  }
}

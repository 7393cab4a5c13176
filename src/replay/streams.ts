/**
 * What each socket received, in a recording and in its replay: how many bytes, whether the stream ended, and
 * with what error. Batching and the order across sockets may differ; the stream of each use of a socket
 * number may not. If the host closed a socket before its stream had ended, how much had arrived by then
 * depends on timing, and so does what still arrived between the request to close it and the answer. A reset
 * destroys what is on its way: where the host has aborted a socket, or closed one before its stream had ended,
 * whose peer may be another socket of the card, and a stream ends in an error, how much of it came before, and
 * whether its end did, depends on timing as well.
 */
export interface Received {
  bytes: number;
  ended: boolean;
  failed: string;
}

export interface StreamDifference {
  readonly frame: number;
  readonly what: string;
  readonly recorded: string;
  readonly replayed: string;
}

interface Use {
  readonly recorded: Received;
  readonly replayed: Received;
  /** What the recorded host had received when it gave the socket up. */
  due: Received;
  /**
   * The frame of the latest recorded record, and that of the request to give the socket up (0: still open).
   */
  lastFrame: number;
  closedBy: number;
}

export class ReplayStreams {
  /** How many streams were equal to their ends, how many as far as the host waited, and the bytes of both. */
  equal = 0;
  cut = 0;
  bytes = 0;
  /** The host has given a socket up in a way that brings its peer a reset. */
  private resets = false;
  private readonly uses = new Map<number, Use>();
  private readonly different: (difference: StreamDifference) => void;

  constructor(different: (difference: StreamDifference) => void) {
    this.different = different;
  }

  /** A socket number is used anew: judges what its former use has received. */
  begin(socket: number): void {
    this.judge(socket, true);
  }

  /** The host gives a socket up. */
  close(socket: number, frame: number): void {
    const use = this.use(socket);
    if (use.closedBy > 0) return;
    if (!use.recorded.ended) this.resets = true;
    use.closedBy = frame;
    use.due = { ...use.recorded };
  }

  /** The host aborts a socket. */
  abort(socket: number, frame: number): void {
    this.resets = true;
    this.close(socket, frame);
  }

  /** The host gives up all sockets at once. */
  closeAll(frame: number): void {
    for (const socket of this.uses.keys()) this.close(socket, frame);
  }

  recorded(socket: number, frame: number): Received {
    const use = this.use(socket);
    use.lastFrame = frame;
    return use.recorded;
  }

  replayed(socket: number): Received {
    return this.use(socket).replayed;
  }

  /** Whether the replay has given a socket all that the recording has. */
  satisfied(socket: number): boolean {
    const { recorded, replayed } = this.use(socket);
    if (recorded.ended && !replayed.ended && replayed.failed === '') return false;
    return replayed.bytes >= recorded.bytes && (recorded.failed === '' || replayed.failed !== '');
  }

  allSatisfied(): boolean {
    return [...this.uses.keys()].every((socket) => this.satisfied(socket));
  }

  /**
   * Judges every socket.
   * @param whole whether the trace was recorded to its end, where nothing more could come.
   */
  finish(whole: boolean): void {
    for (const socket of [...this.uses.keys()]) this.judge(socket, whole);
  }

  private use(socket: number): Use {
    let use = this.uses.get(socket);
    if (use === undefined) {
      const nothing = (): Received => ({ bytes: 0, ended: false, failed: '' });
      use = { recorded: nothing(), replayed: nothing(), due: nothing(), lastFrame: 0, closedBy: 0 };
      this.uses.set(socket, use);
    }
    return use;
  }

  private judge(socket: number, whole: boolean): void {
    const use = this.uses.get(socket);
    if (use === undefined) return;
    this.uses.delete(socket);
    const { recorded, replayed, closedBy, lastFrame } = use;
    if (textOf(recorded) === textOf(replayed)) {
      if (recorded.bytes > 0 || recorded.ended || recorded.failed !== '') this.equal += 1;
      this.bytes += recorded.bytes;
      return;
    }
    const due = closedBy > 0 ? use.due : recorded;
    const open = !due.ended && due.failed === '' && replayed.bytes >= due.bytes;
    // Whether an error is told depends on when the host gives the socket up: both tell the same up to it.
    const same = recorded.bytes === replayed.bytes && recorded.ended === replayed.ended;
    const error = closedBy > 0 && same && (recorded.failed === '' || replayed.failed === '');
    const reset =
      this.resets && (closedBy > 0 ? mayBothBe(recorded, replayed) : bothFailed(recorded, replayed));
    if (error || reset || (open && (closedBy > 0 || !whole))) {
      this.cut += 1;
      this.bytes += Math.min(recorded.bytes, replayed.bytes);
      return;
    }
    this.different({
      frame: lastFrame || closedBy,
      what: `socket ${socket} received`,
      recorded: textOf(recorded),
      replayed: textOf(replayed),
    });
  }
}

function bothFailed(one: Received, other: Received): boolean {
  return one.failed !== '' && other.failed !== '';
}

/** Whether a reset that came sooner or later can have made one of the other, of a socket that the host closes. */
function mayBothBe(one: Received, other: Received): boolean {
  if (one.failed === '' && other.failed === '') return false;
  return (one.failed !== '' || !one.ended) && (other.failed !== '' || !other.ended);
}

function textOf({ bytes, ended, failed }: Received): string {
  return `${bytes} bytes${ended ? ', end of stream' : ''}${failed === '' ? '' : `, ${failed}`}`;
}

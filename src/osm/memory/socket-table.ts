/** The driver's sockets: all of them, which socket ids are free, and which sockets' readiness has changed. */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { DriverConfig } from './driver-config.ts';
import {
  HostSocket,
  STATE_CLOSING,
  STATE_DATAGRAM,
  STATE_FREE,
  STATE_POSTED,
  socketTag,
} from './host-socket.ts';
import type { WindowBudget } from './window-budget.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** SO_SNDBUF of a new datagram socket at most: what Linux gives one (net.core.wmem_default). */
const DATAGRAM_SEND_BYTES = 212_992;

export class SocketTable {
  /** Every socket there can be, by its id. */
  readonly sockets: readonly HostSocket[];
  private readonly config: DriverConfig;
  /** Free socket ids; the one that came back last is used next. */
  private readonly free: Int32Array;
  private freeCount: number;
  /** Socket ids that are posted at the card, and these with those under which a connection was accepted. */
  private postedCount = 0;
  private acceptedCount = 0;
  /** Whether any id was ever posted for a listener. */
  private hasPosted = false;
  /** Sockets whose readiness has changed, oldest first: a circular list with room for every socket. */
  private readonly ready: Int32Array;
  private readyHead = 0;
  private readyCount = 0;

  /** What windows may grow by; each socket's share ends with it. */
  private readonly windows: WindowBudget;

  constructor(config: DriverConfig, windows: WindowBudget) {
    this.windows = windows;
    const { socketsMax } = config;
    this.config = config;
    this.sockets = Array.from({ length: socketsMax }, () => new HostSocket());
    this.free = new Int32Array(socketsMax);
    for (let i = 0; i < socketsMax; i++) this.free[i] = socketsMax - 1 - i;
    this.freeCount = socketsMax;
    this.ready = new Int32Array(socketsMax);
  }

  /** How many socket ids are free. */
  get available(): number {
    return this.freeCount;
  }

  /** How many socket ids are posted at the card, for all listeners together. */
  get posted(): number {
    return this.postedCount;
  }

  /** By how many more sockets were made here, listeners among them, than connections came for listeners. */
  get unaccepted(): number {
    const accepted = this.acceptedCount - this.postedCount;
    return Math.max(0, this.sockets.length - this.freeCount - this.postedCount - 2 * accepted);
  }

  /**
   * Whether `socket` may take one more id. Where `acceptsFirst` is set and this host has had a listener, it
   * leaves as many as are needed if every socket made here connects to a listener here: a connection that
   * finds no id waits until one comes back, which may be never if it is itself what holds the other.
   */
  get mayCreate(): boolean {
    if (!this.config.acceptsFirst || !this.hasPosted) return this.freeCount > 0;
    return this.freeCount > this.unaccepted;
  }

  /**
   * Whether there is a socket of this id, in whatever state. For ids that the card or the program has named.
   * // Hot path.
   */
  has(socketId: number): boolean {
    return socketId >= 0 && socketId < this.sockets.length;
  }

  /**
   * The socket behind an id, if the program may use it.
   * @returns undefined where the call answers EBADF. // Hot path.
   */
  open(socketId: number): HostSocket | undefined {
    const socket = this.has(socketId) ? this.sockets[socketId] : undefined;
    if (socket === undefined || socket.state === STATE_FREE || socket.state === STATE_CLOSING)
      return undefined;
    return socket.state === STATE_POSTED ? undefined : socket;
  }

  /**
   * The socket that a tag names (see `socketTag`).
   * @returns undefined when there is none, or its id has another use by now.
   */
  tagged(tag: number): HostSocket | undefined {
    const socketId = tag & 0xffff;
    const socket = tag >= 0 && this.has(socketId) ? this.sockets[socketId] : undefined;
    return socket !== undefined && socketTag(socketId, socket.generation) === tag ? socket : undefined;
  }

  /**
   * Takes a free socket id.
   * @param state the STATE_ it has from now on.
   * @returns the id; -1 when none is free.
   */
  take(state: number): number {
    if (this.freeCount === 0) return -1;
    const socketId = this.free[--this.freeCount];
    assert(this.has(socketId), 'socket table: an id that is taken is of a socket there is');
    const socket = this.sockets[socketId];
    socket.reset(state);
    const { sendBufferBytes } = this.config;
    socket.sendBufferBytes =
      state === STATE_DATAGRAM ? Math.min(sendBufferBytes, DATAGRAM_SEND_BYTES) : sendBufferBytes;
    socket.receiveBufferBytes = this.config.receiveBufferBytes;
    socket.receiveWindowBytes = Math.min(this.config.receiveBufferBytes, this.config.receiveWindowBytes);
    return socketId;
  }

  /** The socket id is free again. */
  give(socketId: number): void {
    const socket = this.sockets[socketId];
    assert(socket.state !== STATE_FREE, 'socket table: a socket id that comes back was taken');
    assert(socket.receiveHead < 0, 'socket table: a socket id comes back with no unread bucket');
    assert(socket.postedFor < 0, 'socket table: a socket id that comes back is posted for no listener');
    assert(this.freeCount < this.free.length, 'socket table: no more socket ids are free than there are');
    this.windows.release(socket);
    this.acceptedCount -= socket.accepted;
    assert(
      this.acceptedCount >= this.postedCount,
      'socket table: posted ids are among those of connections accepted',
    );
    socket.state = STATE_FREE;
    this.free[this.freeCount++] = socketId;
  }

  /**
   * A socket id goes to the card for a listener's next connection.
   * @returns it; the caller knows that one is free.
   */
  post(listenerId: number): number {
    const listener = this.sockets[listenerId];
    const socketId = this.take(STATE_POSTED);
    assert(socketId >= 0, 'socket table: a socket id is free when one is posted');
    this.sockets[socketId].postedFor = socketTag(listenerId, listener.generation);
    this.sockets[socketId].accepted = 1;
    this.postedCount += 1;
    this.hasPosted = true;
    this.acceptedCount += 1;
    listener.acceptsPosted += 1;
    return socketId;
  }

  /**
   * The card is done with a posted socket id, which stays POSTED until the caller uses it or gives it back.
   * @param socketId named by the card, or by a frame that it could write to, as is `listenerId`.
   * @returns false when the one is not posted for the other: then nothing has changed.
   */
  unpost(socketId: number, listenerId: number): boolean {
    if (!this.has(socketId) || !this.has(listenerId)) return false;
    const socket = this.sockets[socketId];
    if (socket.state !== STATE_POSTED || (socket.postedFor & 0xffff) !== listenerId) return false;
    const listener = this.sockets[listenerId];
    // The listener's own id may have a new use by now, whose posts are others.
    if (socketTag(listenerId, listener.generation) === socket.postedFor) {
      listener.acceptsPosted -= 1;
      assert(listener.acceptsPosted >= 0, 'socket table: no more accepts come back than were posted');
    }
    socket.postedFor = -1;
    this.postedCount -= 1;
    assert(this.postedCount >= 0, 'socket table: no more ids come back from the card than were posted');
    return true;
  }

  /** The card has forgotten a posted id, and so its listener has. */
  forgetPost(socketId: number): void {
    const socket = this.sockets[socketId];
    if (socket.postedFor < 0) return;
    socket.postedFor = -1;
    this.postedCount -= 1;
  }

  /** A socket's readiness may have changed: `nextChanged` will name it, once. // Hot path. */
  changed(socketId: number): void {
    if (COSTLY) this.checkChanged(socketId);
    const socket = this.sockets[socketId];
    if (socket.readyQueued !== 0) return;
    socket.readyQueued = 1;
    const at = this.readyHead + this.readyCount;
    this.ready[at >= this.ready.length ? at - this.ready.length : at] = socketId;
    this.readyCount += 1;
  }

  private checkChanged(socketId: number): void {
    assert(this.has(socketId), 'socket table: a socket that has changed is one there is');
    assert(
      this.sockets[socketId].readyQueued !== 0 || this.readyCount < this.ready.length,
      'socket table: the list of changed sockets has each once',
    );
  }

  /**
   * The socket whose readiness changed longest ago, each once.
   * @returns -1 when there is none. // Hot path.
   */
  nextChanged(): number {
    if (this.readyCount === 0) return -1;
    const socketId = this.ready[this.readyHead];
    this.readyHead = this.readyHead + 1 === this.ready.length ? 0 : this.readyHead + 1;
    this.readyCount -= 1;
    const socket = this.sockets[socketId];
    assert(socket.readyQueued === 1, 'socket table: a socket in the list of changed ones is marked so');
    socket.readyQueued = 0;
    return socketId;
  }

  /**
   * After an assertion failed: makes the free list anew from the sockets' states, which are then all there is
   * to trust, and forgets which sockets have changed.
   */
  rebuild(): void {
    this.readyCount = 0;
    this.freeCount = 0;
    this.postedCount = 0;
    this.acceptedCount = 0;
    for (let i = this.sockets.length - 1; i >= 0; i--) {
      this.sockets[i].readyQueued = 0;
      if (this.sockets[i].state === STATE_FREE) this.free[this.freeCount++] = i;
      else this.acceptedCount += this.sockets[i].accepted;
    }
  }

  /**
   * Asserts that the free list is what the sockets' states say. Takes time in proportion to the number of
   * sockets.
   */
  check(): void {
    const free = this.sockets.reduce((sum, { state }) => sum + (state === STATE_FREE ? 1 : 0), 0);
    assert(free === this.freeCount, 'socket table: as many ids are in the free list as sockets are free');
    let posted = 0;
    let accepted = 0;
    for (const socket of this.sockets) {
      if (socket.state === STATE_POSTED && socket.postedFor >= 0) posted += 1;
      if (socket.state !== STATE_FREE) accepted += socket.accepted;
    }
    assert(posted === this.postedCount, 'socket table: as many ids are posted as are counted');
    assert(accepted === this.acceptedCount, 'socket table: as many ids have been posted as are counted');
    for (let i = 0; i < this.freeCount; i++) {
      const { state } = this.sockets[this.free[i]];
      assert(state === STATE_FREE, 'socket table: an id in the free list is of a free socket');
    }
  }
}

/** The driver's sockets: all of them, which socket ids are free, and which sockets' readiness has changed. */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import {
  isSocketNumber,
  NO_SOCKET,
  nextTag,
  socketIdMask,
  socketNumbers,
  tagIdBits,
} from '../../i2o/socket-number.ts';
import type { DriverConfig } from './driver-config.ts';
import { HostSocket, STATE_CLOSING, STATE_DATAGRAM, STATE_FREE, STATE_POSTED } from './host-socket.ts';
import { SocketSet } from './socket-set.ts';
import type { WindowBudget } from './window-budget.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** SO_SNDBUF of a new datagram socket at most: what Linux gives one (net.core.wmem_default). */
const DATAGRAM_SEND_BYTES = 212_992;

export class SocketTable {
  /** Every socket there can be, by its id; NO_SOCKET's is never used. */
  readonly sockets: readonly HostSocket[];
  /** Bits of a word of a card's in which it has named a socket, by that version. */
  wordMask = 0;
  /** How many sockets there can be, by the version of the class that both sides speak. */
  most = 0;
  private readonly config: DriverConfig;
  /** Bits of a tag that hold the id, and how many there are. */
  private readonly idMask: number;
  private readonly idBits: number;
  /** Ids from here on are not used: the card does not know so large ones. */
  private limit = 0;
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

  /** Sockets of which data has come that may be unread: a look that finds none takes one out (bucket relief). */
  readonly unread: SocketSet;

  /** What windows may grow by; each socket's share ends with it. */
  private readonly windows: WindowBudget;

  constructor(config: DriverConfig, windows: WindowBudget) {
    this.windows = windows;
    const numbers = socketNumbers(config.socketsMax, config.classVersion);
    this.config = config;
    this.sockets = Array.from({ length: numbers }, (_, socketId) => new HostSocket(socketId));
    this.idBits = tagIdBits(numbers);
    this.idMask = (1 << this.idBits) - 1;
    this.free = new Int32Array(numbers);
    this.freeCount = 0;
    this.ready = new Int32Array(numbers);
    this.unread = new SocketSet(numbers);
    this.speak(config.classVersion);
  }

  /**
   * From now on both sides speak this version of the class: an older one than 3 has no ids beyond 16 bits.
   * @param version 1 to 3, and no higher than the driver's own.
   */
  speak(version: number): void {
    this.wordMask = socketIdMask(version);
    const limit = socketNumbers(this.config.socketsMax, version);
    assert(limit <= this.sockets.length, 'socket table: there is a socket for each id of the version spoken');
    if (limit === this.limit) return;
    this.limit = limit;
    this.most = limit - (limit > NO_SOCKET ? 1 : 0);
    this.listFree();
  }

  /** Makes the free list of the sockets that are free, the lowest ids first. */
  private listFree(): void {
    this.freeCount = 0;
    for (let id = this.limit - 1; id >= 0; id--) {
      if (this.sockets[id].state === STATE_FREE && id !== NO_SOCKET) this.free[this.freeCount++] = id;
    }
    assert(
      this.freeCount <= this.most,
      'socket table: the free list has no more ids than there can be sockets',
    );
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
    return Math.max(0, this.most - this.freeCount - this.postedCount - 2 * accepted);
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
    return isSocketNumber(socketId, this.sockets.length);
  }

  /** The id in a tag that is not negative. // Hot path. */
  idOf(tag: number): number {
    return tag & this.idMask;
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
   * The socket that a tag names (`HostSocket.tag`).
   * @returns undefined when there is none, or its id has another use by now.
   */
  tagged(tag: number): HostSocket | undefined {
    const socketId = this.idOf(tag);
    const socket = tag >= 0 && this.has(socketId) ? this.sockets[socketId] : undefined;
    return socket !== undefined && socket.tag === tag ? socket : undefined;
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
    socket.tag = nextTag(socket.tag, this.idBits);
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
    if (socketId < this.limit) this.free[this.freeCount++] = socketId;
  }

  /**
   * A socket id goes to the card for a listener's next connection.
   * @returns it; the caller knows that one is free.
   */
  post(listenerId: number): number {
    const listener = this.sockets[listenerId];
    const socketId = this.take(STATE_POSTED);
    assert(socketId >= 0, 'socket table: a socket id is free when one is posted');
    this.sockets[socketId].postedFor = listener.tag;
    this.sockets[socketId].accepted = 1;
    this.postedCount += 1;
    this.hasPosted = true;
    this.acceptedCount += 1;
    listener.acceptsPosted += 1;
    return socketId;
  }

  /** The listener that an id is posted for; -1 for none. @param socketId of a socket there is. */
  listenerOf(socketId: number): number {
    assert(this.has(socketId), 'socket table: what is posted for a listener is an id there is');
    const { postedFor } = this.sockets[socketId];
    return postedFor < 0 ? -1 : this.idOf(postedFor);
  }

  /**
   * The card is done with a posted socket id, which stays POSTED until the caller uses it or gives it back.
   * @param socketId named by the card, or by a frame that it could write to, as is `listenerId`.
   * @returns false when the one is not posted for the other: then nothing has changed.
   */
  unpost(socketId: number, listenerId: number): boolean {
    if (!this.has(socketId) || !this.has(listenerId)) return false;
    const socket = this.sockets[socketId];
    if (socket.state !== STATE_POSTED || this.listenerOf(socketId) !== listenerId) return false;
    const listener = this.sockets[listenerId];
    // The listener's own id may have a new use by now, whose posts are others.
    if (listener.tag === socket.postedFor) {
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
    this.listFree();
    this.postedCount = 0;
    this.acceptedCount = 0;
    for (let i = this.sockets.length - 1; i >= 0; i--) {
      this.sockets[i].readyQueued = 0;
      if (this.sockets[i].state !== STATE_FREE) this.acceptedCount += this.sockets[i].accepted;
    }
  }

  /**
   * Asserts that the free list is what the sockets' states say. Takes time in proportion to the number of
   * sockets.
   */
  check(): void {
    let free = 0;
    for (let id = 0; id < this.limit; id++) {
      if (this.sockets[id].state === STATE_FREE && id !== NO_SOCKET) free += 1;
    }
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

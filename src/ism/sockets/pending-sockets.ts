/**
 * The queue of sockets of which the host must still be told something. From the stack's upcalls and from
 * requests: what has happened to a socket. To `PendingReplies`, at the end of the module's turn: one socket
 * after the other, the oldest first. Nothing is told from here, since an upcall must not enter the stack
 * again, and since a frame is to carry many sockets' news.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { type CardSocket, checkCardSocket, PENDING_CONNECT, PENDING_FAIL } from './card-socket.ts';

const COSTLY = COSTLY_ASSERTIONS;

export class PendingSockets {
  /**
   * Every queued socket waits for a bucket, so that serving the queue again would change nothing. Whatever
   * may change it (a socket is queued, buckets are posted) sets it back to false.
   */
  starved = false;
  private readonly sockets: readonly CardSocket[];
  /** Numbers of the queued sockets: a ring with room for every socket, since each is in it at most once. */
  private readonly queue: Int32Array;
  private head = 0;
  private queuedCount = 0;

  constructor(sockets: readonly CardSocket[]) {
    this.sockets = sockets;
    this.queue = new Int32Array(sockets.length);
  }

  /** Sockets in the queue. */
  get count(): number {
    return this.queuedCount;
  }

  /** A connect has ended. @param errno why it failed; 0: the socket is connected. */
  noteConnected(socketId: number, errno: number): void {
    this.sockets[socketId].connectErrno = errno;
    this.note(socketId, PENDING_CONNECT);
  }

  /** A connection or a datagram socket has failed. @param errno why; never 0. */
  noteFailed(socketId: number, errno: number): void {
    assert(errno > 0, 'pending sockets: a failure has an errno');
    this.sockets[socketId].failErrno = errno;
    this.note(socketId, PENDING_FAIL);
  }

  /** Adds to what is pending of a socket, and queues it. @param bits PENDING_ bits. */
  note(socketId: number, bits: number): void {
    if (COSTLY) this.checkNote(socketId, bits);
    this.sockets[socketId].pending |= bits;
    this.enqueue(socketId);
  }

  /** Puts a socket at the end of the queue, unless it is in the queue already. */
  enqueue(socketId: number): void {
    const socket = this.sockets[socketId];
    this.starved = false;
    if (socket.queued !== 0) return;
    if (COSTLY) this.checkRoom();
    socket.queued = 1;
    const at = this.head + this.queuedCount;
    this.queue[at >= this.queue.length ? at - this.queue.length : at] = socketId;
    this.queuedCount += 1;
  }

  /**
   * Takes the oldest socket from the queue; there is one. What is pending of it stays pending.
   * @returns its number.
   */
  dequeue(): number {
    if (COSTLY) this.checkHead();
    const socketId = this.queue[this.head];
    this.head = this.head + 1 === this.queue.length ? 0 : this.head + 1;
    this.queuedCount -= 1;
    this.sockets[socketId].queued = 0;
    return socketId;
  }

  private checkNote(socketId: number, bits: number): void {
    assert(
      socketId >= 0 && socketId < this.sockets.length,
      'pending sockets: news is of a socket of this card',
    );
    assert(bits > 0, 'pending sockets: a note says what is pending');
  }

  private checkRoom(): void {
    assert(this.queuedCount < this.queue.length, 'pending sockets: the queue has room for every socket');
  }

  private checkHead(): void {
    assert(this.queuedCount > 0, 'pending sockets: a socket is taken from a queue that holds one');
    const socket = this.sockets[this.queue[this.head]];
    assert(socket.queued === 1, 'pending sockets: a socket in the queue is marked as queued');
    checkCardSocket(socket);
  }

  /** The device is quiesced: what is still pending is never told. */
  clear(): void {
    while (this.queuedCount > 0) this.sockets[this.dequeue()].pending = 0;
    this.starved = false;
    if (COSTLY) this.checkEmpty();
  }

  private checkEmpty(): void {
    for (const { queued } of this.sockets) {
      assert(queued === 0, 'pending sockets: no socket is marked as queued when the queue is empty');
    }
  }
}

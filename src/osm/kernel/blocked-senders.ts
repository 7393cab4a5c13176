/**
 * Sockets whose send was refused for want of room. The senders say which; each joins the table's list of
 * changed sockets once there is room again, or once it cannot send any more. Nobody is told of so little room
 * that the next send would find it gone; while buffers are scarce, whoever may have one is told.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { Clock } from '../../time/clock.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import {
  type HostSocket,
  hasRoom,
  STATE_CONNECTED,
  STATE_DATAGRAM,
  sendingCharge,
} from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import { Stalls } from '../memory/stalls.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import type { SendReplies } from '../message/send-replies.ts';
import { HeldSend } from './held-send.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** More free buffers than there can be: a socket waits for something of its own to come back. */
const NEVER_ENOUGH = 1 << 30;

export class BlockedSenders {
  /** What they have waited for, and how long. */
  readonly stalls: Stalls;
  /** Set while the program is given its step whose held send has waited too long: it fails. */
  overdue = false;
  /** How often one of them was told that it need not wait any longer. */
  told = 0;
  /** The send that has given up since `takeHeld` was last called; undefined for none. */
  held: HeldSend | undefined;
  private readonly clock: Clock;
  private readonly timeoutNs: number;
  private readonly table: SocketTable;
  private readonly transmit: TransmitPool;
  /**
   * Free transmit buffers from which on senders are told that have some at the card and no shares to go by; a
   * pool too small for the configured number has half of its own.
   */
  private readonly enough: number;
  /** A list with room for every socket, each in it once (`HostSocket.wantsRoom`). */
  private readonly waiting: Int32Array;
  /** By socket id: which use of it waits. A later use that has not been refused waits for nothing. */
  private readonly uses: Int32Array;
  private count = 0;
  /** Sockets that were promised a buffer when they were told last. */
  private readonly promised: Int32Array;
  private promisedCount = 0;
  /** The least number of free buffers with which one of them is told, or less than that. */
  private leastFree = NEVER_ENOUGH;

  constructor(table: SocketTable, transmit: TransmitPool, config: DriverConfig, clock: Clock) {
    this.clock = clock;
    this.timeoutNs = config.controlTimeoutNs;
    this.table = table;
    this.transmit = transmit;
    this.stalls = new Stalls(table.sockets);
    this.enough = Math.max(1, Math.min(config.transmitLowWatermark, transmit.buffers >> 1));
    this.waiting = new Int32Array(table.sockets.length);
    this.uses = new Int32Array(table.sockets.length);
    this.promised = new Int32Array(table.sockets.length);
    assert(this.enough <= transmit.buffers, 'blocked senders: as many buffers as are enough can be free');
  }

  /** A send was refused: the socket is told when there is room. */
  add(socketId: number, socket: HostSocket): void {
    assert(this.table.sockets[socketId] === socket, 'blocked senders: a socket waits under its own id');
    this.leastFree = Math.min(this.leastFree, this.freeNeeded(socket));
    this.uses[socketId] = socket.generation;
    this.stalls.begin(socketId, socket, this.transmit);
    if (socket.wantsRoom !== 0) return;
    assert(this.count < this.waiting.length, 'blocked senders: each socket waits once');
    socket.wantsRoom = 1;
    this.waiting[this.count++] = socketId;
  }

  /** A send that was refused should have waited in its call: its program is held. */
  hold(socket: HostSocket): void {
    assert(socket.wantsRoom !== 0, 'blocked senders: a send that is held waits for room');
    this.held ??= new HeldSend(this, socket, this.clock, this.timeoutNs);
  }

  /** The send that has given up since this was last asked; undefined for none. */
  takeHeld(): HeldSend | undefined {
    const { held } = this;
    if (held !== undefined) this.held = undefined;
    return held;
  }

  /**
   * Tells those for whom there is room now. Hundreds may wait for peers that do not read, so nobody is looked
   * at before something has come back to one that waits, or as many buffers are free as the least of them
   * needs.
   * @param stirred something has come back to one that waits, or its own limits have changed.
   */
  tell(stirred: boolean): void {
    if (this.count > 0 && (stirred || this.transmit.available >= this.leastFree)) this.tellAll();
    if (COSTLY) this.checkWaiting();
  }

  /** Replies have brought room: tells those who may have it. */
  takeRoom(sends: SendReplies): void {
    this.tell(sends.waiterReturned);
    sends.roomChanged = false;
    sends.waiterReturned = false;
  }

  private tellAll(): void {
    const { table, transmit } = this;
    let kept = 0;
    this.endPromises();
    this.leastFree = NEVER_ENOUGH;
    for (let i = 0; i < this.count; i++) {
      const socketId = this.waiting[i];
      const socket = table.sockets[socketId];
      assert(socket.wantsRoom === 1, 'blocked senders: a socket in the list is marked so');
      const needed = this.freeNeeded(socket);
      if (transmit.unpromised >= needed && (needed > 0 || !canSend(socket) || transmit.serves(socket))) {
        socket.wantsRoom = 0;
        this.told += 1;
        this.stalls.end(socketId);
        if (needed > 0) this.promise(socketId, socket);
        table.changed(socketId);
      } else {
        this.waiting[kept++] = socketId;
        if (needed < this.leastFree) this.leastFree = needed;
      }
    }
    this.count = kept;
  }

  /**
   * Whoever has waited longest is to find the buffer that has come, and not whoever asks first: a program
   * that tries its sockets in their order would else serve only the first of them. It holds until others are
   * told.
   */
  private promise(socketId: number, socket: HostSocket): void {
    assert(this.promisedCount < this.promised.length, 'blocked senders: each socket is promised one buffer');
    this.transmit.shares.promise(socket, this.transmit.available);
    this.promised[this.promisedCount++] = socketId;
  }

  private endPromises(): void {
    for (let i = 0; i < this.promisedCount; i++) this.table.sockets[this.promised[i]].promised = 0;
    this.promisedCount = 0;
    this.transmit.shares.promised = 0;
  }

  /** From how many free buffers on a socket is told; 0: at once, or once a slot is free. */
  private freeNeeded(socket: HostSocket): number {
    if (!canSend(socket)) return 0;
    const full = sendingCharge(socket) > socket.sendBufferBytes - (socket.sendBufferBytes >> 2);
    if (full || !hasRoom(socket)) return NEVER_ENOUGH;
    const needed = this.transmit.freeNeeded(socket);
    // A datagram's buffers come back soon, and where there are no shares all come back to whoever is first.
    const unshared = socket.datagram !== 0 || needed === 1;
    return unshared && socket.sendingContexts > socket.sendingSlots ? Math.max(needed, this.enough) : needed;
  }

  private checkWaiting(): void {
    const { transmit } = this;
    for (let i = 0; i < this.count; i++) {
      const socket = this.table.sockets[this.waiting[i]];
      // One that has failed or closed meanwhile leaves the list when it is next looked through.
      if (!canSend(socket) || this.uses[this.waiting[i]] !== socket.generation) continue;
      assert(this.freeNeeded(socket) >= this.leastFree, 'blocked senders: none needs less than the least');
      const served = this.freeNeeded(socket) > 0 && transmit.unpromised >= this.freeNeeded(socket);
      assert(!served, 'blocked senders: nobody waits for whom there is room');
    }
  }
}

function canSend({ state }: HostSocket): boolean {
  return state === STATE_CONNECTED || state === STATE_DATAGRAM;
}

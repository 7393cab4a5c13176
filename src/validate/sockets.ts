/** Keeps the state of every socket number by the socket machine of spec/states.yaml: rules K and R-05. */
import { SOCKET_ABORT, SOCKET_CONNECT, SOCKET_CREATE } from '../i2o/socket.gen.ts';
import { isSocketNumber } from '../i2o/socket-number.ts';
import type { Findings } from './findings.ts';
import { ILLEGAL, type Machine, UNNAMED } from './machine.ts';
import type { Machines, MessageRow } from './message-rows.ts';

/** A number has been asked for by SocketCreate, which the card may have refused; exists; was refused. */
const MAY_BE = 0;
const IS = 1;
const IS_NOT = 2;

/** How a socket ends: closed, whose bytes are all sent still; aborted; or lost, without the host's doing. */
export const CLOSED = 0;
export const ABORTED = 1;
export const LOST = 2;

/** Who keeps more about a number than its state. */
export interface SocketLives {
  /** A number begins a new life. */
  begins(socket: number): void;
  /** A request about a number is posted. */
  asks(row: MessageRow, socket: number, words: Int32Array, at: number): void;
  /** The host has given a number up, or its connection is lost. @param cause CLOSED, ABORTED or LOST. */
  ends(socket: number, cause: number): void;
}

/** What records tell of, beside bytes. */
const RECORDS = [
  'bytes',
  'an end of stream',
  'an error',
  'a count of what was sent',
  'an urgent byte',
] as const;

export class Sockets {
  /** Set once, before the first event. */
  lives: SocketLives | undefined;
  private readonly exists: Uint8Array;
  readonly state: Uint8Array;
  private readonly machine: Machine;
  private readonly findings: Findings;
  /** The listener at which a posted number was posted; -1 for none. */
  private readonly listener: Int32Array;
  /** The contexts of the request that posted it. */
  readonly postInitiator: Int32Array;
  /** Bytes that records have brought, less those the host has credited. */
  private readonly uncredited: Float64Array;
  private readonly endedNs: Float64Array;
  private readonly freedNs: Float64Array;
  private readonly postColumn: number;
  private readonly withdrawnColumn: number;
  private readonly recordColumns: readonly [
    data: number,
    end: number,
    error: number,
    sent: number,
    urgent: number,
  ];
  private readonly free: number;
  private readonly posted: number;
  private readonly afterEnd: readonly number[];
  private readonly datagramFirst: number;
  private readonly datagramLast: number;
  private readonly closing: number;
  private readonly failed: number;

  constructor(count: number, machines: Machines, findings: Findings) {
    const machine = machines.socket;
    this.machine = machine;
    this.findings = findings;
    this.state = new Uint8Array(count).fill(machine.initial);
    this.exists = new Uint8Array(count);
    this.listener = new Int32Array(count).fill(-1);
    this.postInitiator = new Int32Array(count);
    this.uncredited = new Float64Array(count);
    this.endedNs = new Float64Array(count);
    this.freedNs = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
    this.postColumn = machine.column('event Post');
    this.withdrawnColumn = machine.column('event Withdrawn');
    this.recordColumns = [
      machine.column('record Data'),
      machine.column('record EndOfStream'),
      machine.column('record Error'),
      machine.column('record Sent'),
      machine.column('record Urgent'),
    ];
    const state = (name: string): number => machine.states.indexOf(name);
    this.free = state('Free');
    this.posted = state('Posted');
    this.closing = state('Closing');
    this.failed = state('Failed');
    this.afterEnd = ['PeerEnded', 'Ended', 'Failed'].map(state);
    this.datagramFirst = state('Datagram');
    this.datagramLast = state('DatagramConnected');
  }

  get count(): number {
    return this.state.length;
  }

  /**
   * A request about a socket is posted.
   * @returns whether its state takes it; if so, it has moved on. // Hot path.
   */
  request(row: MessageRow, socket: number, words: Int32Array, at: number): boolean {
    this.lives?.asks(row, socket, words, at);
    if (row.onRequest.socket === UNNAMED) return true;
    const variant = (words[at + row.conditionWord] >>> row.conditionLow) & row.conditionMask;
    const state = this.state[socket];
    const next = this.machine.after(state, row.onRequest.socket + variant);
    if (next !== ILLEGAL) {
      if (state === this.free) {
        this.forget(socket);
        this.exists[socket] = row.functionCode === SOCKET_CREATE && !row.silent(words, at) ? IS : MAY_BE;
      } else if (next === this.closing)
        this.lives?.ends(socket, row.functionCode === SOCKET_ABORT ? ABORTED : CLOSED);
      else if (row.functionCode === SOCKET_CONNECT && state === this.failed) this.lives?.begins(socket);
      this.state[socket] = next;
      return true;
    }
    const rule = this.machine.after(this.free, row.onRequest.socket + variant) === ILLEGAL ? 'K-01' : 'K-03';
    this.findings.report(rule, socket, `${row.name} of socket ${socket}, which is ${this.nameOf(socket)}`);
    return false;
  }

  /**
   * An answer to a request about a socket. @param illegal the request was not to be taken: succeeding is
   * wrong, and moves the socket all the same. // Hot path.
   */
  reply(row: MessageRow, socket: number, success: boolean, illegal: boolean): void {
    const column = success ? row.onSuccess.socket : row.onError.socket;
    if (success) this.exists[socket] = IS;
    else if (row.functionCode === SOCKET_CREATE) this.exists[socket] = IS_NOT;
    if (illegal) {
      if (success)
        this.findings.report(
          'K-05',
          row.index,
          `${row.name} of socket ${socket} succeeded; it was ${this.nameOf(socket)}`,
        );
      return;
    }
    if (column === UNNAMED) return;
    const next = this.machine.after(this.state[socket], column);
    if (next === ILLEGAL) {
      const outcome = success ? 'succeeded' : 'was refused';
      this.findings.report(
        'K-02',
        socket,
        `${row.name} of socket ${socket} ${outcome}, and it is ${this.nameOf(socket)}`,
      );
    } else {
      this.state[socket] = next;
      if (next === this.free) this.freedNs[socket] = this.findings.timeNs;
      if (row.functionCode === SOCKET_ABORT) this.endedNs[socket] = this.findings.timeNs;
    }
  }

  /** A number is posted for an accept. @returns whether it was free. */
  post(socket: number, listener: number, initiator: number): boolean {
    const next = this.machine.after(this.state[socket], this.postColumn);
    if (next === ILLEGAL) {
      this.findings.report(
        'K-03',
        socket,
        `socket ${socket} was posted for an accept and is ${this.nameOf(socket)}`,
      );
      return false;
    }
    this.state[socket] = next;
    this.listener[socket] = listener;
    this.postInitiator[socket] = initiator;
    this.exists[socket] = MAY_BE;
    this.forget(socket);
    return true;
  }

  isPosted(socket: number): boolean {
    return socket >= 0 && socket < this.state.length && this.state[socket] === this.posted;
  }

  listenerOf(socket: number): number {
    return this.listener[socket];
  }

  /** A post was refused as a whole: its numbers are free again. */
  unpost(listener: number): void {
    for (let socket = 0; socket < this.state.length; socket++) {
      if (this.state[socket] === this.posted && this.listener[socket] === listener)
        this.state[socket] = this.free;
    }
  }

  /**
   * A receive record. @param kind 0 data, 1 end of stream, 2 error. @param datagram whether it says that it
   * is a datagram. // Hot path.
   */
  record(socket: number, kind: 0 | 1 | 2 | 3 | 4, bytes: number, datagram: boolean): void {
    const state = this.state[socket];
    const next = this.machine.after(state, this.recordColumns[kind]);
    const isDatagram = state >= this.datagramFirst && state <= this.datagramLast;
    if (next === ILLEGAL) {
      const rule = this.afterEnd.includes(state) ? 'K-07' : 'K-02';
      const what = kind === 0 ? `${bytes} bytes` : RECORDS[kind];
      this.findings.report(rule, socket, `${what} for socket ${socket}, which is ${this.nameOf(socket)}`);
      return;
    }
    if (kind === 0 && datagram !== isDatagram && state !== this.closing) {
      const flag = datagram ? 'has' : 'lacks';
      this.findings.report(
        'K-08',
        socket,
        `a record of socket ${socket} (${this.nameOf(socket)}) ${flag} Datagram`,
      );
    }
    if (kind === 0) this.uncredited[socket] = this.uncredited[socket] + bytes;
    if (kind === 2) this.endedNs[socket] = this.findings.timeNs;
    if (next === this.failed) this.lives?.ends(socket, LOST);
    this.state[socket] = next;
  }

  /** The host says that it has used bytes of a stream. // Hot path. */
  credit(socket: number, bytes: number): void {
    const state = this.state[socket];
    if (state === this.free || state === this.closing || state === this.posted) return;
    this.uncredited[socket] = this.uncredited[socket] - bytes;
    if (this.uncredited[socket] < 0) {
      const excess = 0 - this.uncredited[socket];
      this.findings.report(
        'R-05',
        socket,
        `${bytes} bytes, ${excess} more than socket ${socket} was brought`,
      );
      this.uncredited[socket] = 0;
    }
  }

  /** The device was quiesced or reset: it has forgotten its sockets. */
  withdraw(): void {
    for (let socket = 0; socket < this.state.length; socket++) {
      const next = this.machine.after(this.state[socket], this.withdrawnColumn);
      if (this.state[socket] !== this.free) this.lives?.ends(socket, LOST);
      if (next !== ILLEGAL) this.state[socket] = next;
    }
  }

  /** Whether a socket was aborted, or has failed, so long ago that all of it must have been answered. */
  overSince(socket: number, timeNs: number): boolean {
    const state = this.machine.states[this.state[socket]];
    return (
      (state === 'Free' || state === 'Failed') && this.endedNs[socket] > 0 && this.endedNs[socket] < timeNs
    );
  }

  /**
   * Tells of numbers that were posted and must have come back.
   * @param all also those of listeners that were not closed before.
   */
  expectAnswered(beforeNs: number, all: boolean): void {
    for (let socket = 0; socket < this.state.length; socket++) {
      if (this.state[socket] !== this.posted) continue;
      const listener = this.listener[socket];
      const over = this.state[listener] === this.free && this.freedNs[listener] <= beforeNs;
      if (!over && !all) continue;
      this.findings.report('T-03', socket, `socket ${socket}, posted at socket ${listener}, never came back`);
    }
  }

  /** Whether a socket may have the number. // Hot path. */
  has(socket: number): boolean {
    return isSocketNumber(socket, this.state.length);
  }

  /** Whether the card may know no such socket, since it has never said that it does. */
  mayBeMissing(socket: number): boolean {
    return this.exists[socket] !== IS;
  }

  /** When the number's former life ended; long ago where it had none. */
  freedAt(socket: number): number {
    return this.freedNs[socket];
  }

  /** @returns states by their names, as bits. */
  bitsOf(names: readonly string[]): number {
    return this.machine.bitsOf(names);
  }

  stateName(state: number): string {
    return this.machine.states[state];
  }

  /** Whether a socket's state is one of those, as `Machine.bitsOf` gives them. */
  isIn(socket: number, states: number): boolean {
    return (states & (1 << this.state[socket])) !== 0;
  }

  nameOf(socket: number): string {
    return this.machine.states[this.state[socket]];
  }

  /** A number begins a new life: nothing of the one before counts. */
  private forget(socket: number): void {
    this.lives?.begins(socket);
    this.uncredited[socket] = 0;
    this.endedNs[socket] = 0;
  }
}

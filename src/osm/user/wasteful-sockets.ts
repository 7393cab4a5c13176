/**
 * The socket calls of a driver that breaks one of the aims of memory management, or several of them, so that
 * what each aim saves can be measured: payload copied once more on the host, a buffer mapped for the card
 * whenever it is used, or allocated whenever it is used. The calls answer what those of `CardSockets` answer.
 * There is no address unit in this model, so a mapping is counted and has its cost, and nothing more.
 */
import { assert } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import { ALLOCATIONS, BOUNCE_COPIES, MAPPINGS } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { DatagramSource } from '../../socket/contract.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import { CardSockets, type CardSocketsParts } from './card-sockets.ts';

/** Whether a driver breaks an aim. */
export function isWasteful({ bounceBuffers, mapBuffers, allocateBuffers }: DriverConfig): boolean {
  return bounceBuffers || mapBuffers || allocateBuffers;
}

export class WastefulSockets extends CardSockets {
  private readonly engine: DmaEngine;
  private readonly config: DriverConfig;
  private readonly ledgerCounters: Float64Array;
  private readonly transmitBytes: number;
  private readonly receiveBytes: number;
  /** Where payload goes on its way, as much at once as the larger of two buffers holds. */
  private readonly bounce: Uint8Array;
  /** The last buffer that was allocated, kept so that it cannot be made in vain. */
  protected allocated: Uint8Array;

  /** @param receiveBytes of a receive bucket. */
  constructor(parts: CardSocketsParts, dma: DmaEngine, receiveBytes: number, ledger: Ledger) {
    super(parts);
    this.engine = dma;
    this.config = parts.driver.config;
    this.ledgerCounters = ledger.counters;
    this.transmitBytes = parts.transmit.bufferBytes;
    this.receiveBytes = receiveBytes;
    this.bounce = new Uint8Array(Math.max(this.transmitBytes, receiveBytes));
    this.allocated = this.bounce;
  }

  override send(socketId: number, bytes: Uint8Array, offset: number, length: number, flags?: number): number {
    return this.moved(super.send(socketId, bytes, offset, length, flags), bytes, offset, this.transmitBytes);
  }

  override recv(socketId: number, bytes: Uint8Array, offset: number, length: number, flags?: number): number {
    const received = super.recv(socketId, bytes, offset, length, flags);
    return this.moved(received, bytes, offset, this.receiveBytes);
  }

  override sendTo(
    socketId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
    flags?: number,
  ): number {
    const sent = super.sendTo(socketId, bytes, offset, length, address, port, flags);
    return this.moved(sent, bytes, offset, this.transmitBytes);
  }

  override recvFrom(
    socketId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource,
    flags?: number,
  ): number {
    const received = super.recvFrom(socketId, bytes, offset, length, from, flags);
    return this.moved(received, bytes, offset, this.receiveBytes);
  }

  /**
   * What the aims would have spared a call that moved so many bytes. It is done when the call has told how
   * many, so that nothing is counted of a call that moved none.
   * @param answer of the call. @param bufferBytes of a buffer of its pool. @returns the answer.
   */
  private moved(answer: number, bytes: Uint8Array, offset: number, bufferBytes: number): number {
    if (answer <= 0) return answer;
    const { config, ledgerCounters, bounce } = this;
    const buffers = Math.ceil(answer / bufferBytes);
    assert(bufferBytes <= bounce.length, 'wasteful sockets: what one buffer holds has room to bounce in');
    if (config.allocateBuffers) this.allocate(buffers, bufferBytes);
    if (config.mapBuffers) ledgerCounters[MAPPINGS] += buffers;
    if (!config.bounceBuffers) return answer;
    // A datagram that was cut off tells its whole length, and no more of it was moved than there was room.
    const length = Math.min(answer, bytes.length - offset);
    for (let done = 0; done < length; done += bufferBytes) {
      const piece = Math.min(bufferBytes, length - done);
      this.engine.copyBetween(BOUNCE_COPIES, bytes, offset + done, bounce, piece);
    }
    return answer;
  }

  private allocate(buffers: number, bufferBytes: number): void {
    assert(buffers > 0, 'wasteful sockets: what was moved took a buffer');
    this.ledgerCounters[ALLOCATIONS] += buffers;
    for (let i = 0; i < buffers; i++) this.allocated = new Uint8Array(bufferBytes);
  }
}

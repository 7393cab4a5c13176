/** A card of one network port, spoken to in raw messages. Its wire comes back to itself. */
import { expect } from 'vitest';
import * as lan from '../../src/i2o/lan.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import type { LanModule } from '../../src/lan/lan-module.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { Bed, INITIATOR } from '../iop/messages.ts';

const SIMPLE = 0x10;
const CONTEXT = 0x01;
const OUT = 0x04;
const END = 0x40;
const LAST = 0x80;

/** A piece of a packet: where, and how long. */
export type Piece = readonly [address: number, byteLength: number];
/** A packet of a request: its context, and its pieces. */
export type Packet = readonly [context: number, pieces: readonly Piece[]];

export const MODE = { batch: 0, immediate: 1, onError: 2, never: 3 } as const;

/** What a LanReceivePost reply says of one bucket. */
export interface Filled {
  readonly context: number;
  readonly offset: number;
  readonly flags: number;
  readonly length: number;
  readonly status: number;
}

export class PortBed extends Bed {
  constructor(overrides: CardOverrides = {}) {
    super(overrides, { kind: 'lan' });
    this.operational();
  }

  get module(): LanModule {
    return this.parts.processor['modules'][0] as LanModule;
  }

  /** The port's hardware address. */
  get mac(): readonly number[] {
    const { macHigh, macLow } = this.module['device'];
    return [macHigh >> 8, macHigh, macLow >>> 24, macLow >> 16, macLow >> 8, macLow].map(
      (byte) => byte & 0xff,
    );
  }

  /** Address of packet memory of the host's. */
  out(number: number): number {
    const { offset, bufferBytes } = this.memory.lan!.transmit;
    return offset + number * bufferBytes;
  }

  /** Address of a bucket. */
  bucket(number: number): number {
    const { offset, bufferBytes } = this.memory.lan!.receive;
    return offset + number * bufferBytes;
  }

  get bucketBytes(): number {
    return this.memory.lan!.receive.bufferBytes;
  }

  /** Writes an Ethernet frame with a payload that counts up. @returns its bytes. */
  frame(address: number, byteLength: number, destination: readonly number[] = this.mac): Uint8Array {
    const bytes = Uint8Array.from({ length: byteLength }, (_, i) => i & 0xff);
    bytes.set(destination);
    bytes.set(this.mac, 6);
    bytes.set([0x88, 0xb5], 12);
    this.region.bytes.set(bytes, address);
    return bytes;
  }

  /** The words of a list of packets. */
  list(packets: readonly Packet[]): number[] {
    return packets.flatMap(([context, pieces], packet) =>
      pieces.flatMap(([address, byteLength], i) => {
        const ends = i === pieces.length - 1;
        const last = ends && packet === packets.length - 1 ? LAST : 0;
        const flags = SIMPLE | OUT | (i === 0 ? CONTEXT : 0) | (ends ? END : 0) | last;
        return [(flags << 24) | byteLength, ...(i === 0 ? [context] : []), address];
      }),
    );
  }

  /** LanPacketSend. @param control bits of its control word beside the mode. */
  sendPackets(packets: readonly Packet[], mode: number = MODE.immediate, control = 0): Int32Array[] {
    return this.sendList(this.list(packets), mode, control);
  }

  sendList(list: readonly number[], mode: number = MODE.immediate, control = 0): Int32Array[] {
    return this.ask((words, frame) => {
      const [network, transport] = [(control >>> 5) & 1, (control >>> 6) & 1];
      const size = 4 + list.length;
      lan.writeLanPacketSend(
        ...[words, frame, DEVICE_TID, HOST_TID, INITIATOR, 0, 0, 0],
        ...([network, transport, mode, size] as const),
      );
      words.set(list, frame + 4);
    });
  }

  /** LanReceivePost of whole buckets, whose contexts are 100 and their number. */
  lend(numbers: readonly number[], bytes = this.bucketBytes): Int32Array[] {
    return this.ask((words, frame) => {
      const size = 4 + 3 * numbers.length;
      lan.writeLanReceivePost(words, frame, DEVICE_TID, HOST_TID, INITIATOR, numbers.length, size);
      numbers.forEach((number, i) => {
        const flags = SIMPLE | CONTEXT | END | (i === numbers.length - 1 ? LAST : 0);
        words.set([(flags << 24) | bytes, 100 + number, this.bucket(number)], frame + 4 + 3 * i);
      });
    });
  }

  /** LanReset or LanSuspend. */
  end(functionCode: number, resources: number): Int32Array[] {
    return this.send(functionCode, [resources << 16], DEVICE_TID);
  }

  /** Sets one field of a group. @returns the block's status. */
  set(group: number, field: number, value: number): number {
    const halves = [1, 0, 6, group, 1, field, value & 0xffff, value >>> 16];
    this.params(true, DEVICE_TID, halves);
    return this.blocks()[0].status;
  }

  /** Reads a field of a group. @returns its bytes. */
  get(group: number, field: number): DataView {
    expect(this.params(false, DEVICE_TID, [1, 0, 1, group, 1, field])).toBe(0);
    return this.blocks()[0].data;
  }

  counter(name: string): number {
    return this.ledger.snapshot()[name];
  }
}

/** Contexts that replies give back, each with the status of its reply. */
export function contexts(replies: readonly Int32Array[]): [context: number, status: number][] {
  return replies
    .filter((words) => words[1] >>> 24 === lan.LAN_PACKET_SEND && (words[0] & 0x1000) !== 0)
    .flatMap((words) =>
      [...words.subarray(5, 5 + (words[3] & 0xff))].map((context): [number, number] => [context, words[4]]),
    );
}

/** Buckets that replies bring. */
export function filled(replies: readonly Int32Array[]): Filled[] {
  return replies
    .filter((words) => words[1] >>> 24 === lan.LAN_RECEIVE_POST && (words[0] & 0x1000) !== 0)
    .flatMap((words) =>
      Array.from({ length: words[3] & 0xff }, (_, i) => {
        const at = 6 + 3 * i;
        return {
          context: lan.getLanBucketBucketContext(words, at),
          offset: lan.getLanBucketPacketOffset(words, at),
          flags: lan.getLanBucketPacketFlags(words, at),
          length: lan.getLanBucketPacketLength(words, at),
          status: lan.getLanBucketPacketStatus(words, at),
        };
      }),
    );
}

/**
 * Asks a network port for something of everything, so that a validator sees it: every reply mode, packets
 * alone and many in a message, bad ones, more than it holds; buckets filled, lacking, aborted; suspensions
 * and resets, with what they give back and without; batching as the host sets it. What chance decides comes
 * from the seed. The port's wire leads back to it.
 */
import type { Region } from '../dma/region.ts';
import {
  GROUP_LAN_BATCH_CONTROL,
  GROUP_LAN_BATCH_CONTROL_BATCH_FLAGS,
  GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_COUNT,
  GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_DELAY,
} from '../i2o/groups.gen.ts';
import {
  LAN_BATCH_FLAG_DISABLED,
  LAN_PACKET_SEND,
  LAN_RECEIVE_POST,
  LAN_REPLY_MODE_BATCH,
  LAN_REPLY_MODE_IMMEDIATE,
  LAN_REPLY_MODE_NEVER,
  LAN_REPLY_MODE_ON_ERROR,
  LAN_RESOURCE_BUCKETS,
  LAN_RESOURCE_TRANSMITS,
  LAN_SDU_SEND,
  LAN_SDU_SEND_SGL_WORD,
  writeLanReset,
  writeLanSduSend,
  writeLanSuspend,
} from '../i2o/lan.gen.ts';
import { ELEMENT_KIND_IMMEDIATE } from '../i2o/list/element-types.ts';
import { SGL_LAST, SGL_SIMPLE_IN, SGL_TRANSMIT, writeSglSimple } from '../i2o/list/sgl.ts';
import { HOST_TID } from '../i2o/tids.ts';
import {
  ABORT_TYPE_FUNCTION,
  PARAMS_OPERATION_FIELD_GET,
  PARAMS_OPERATION_FIELD_SET,
  UTIL_PARAMS_SET_SGL_WORD,
  writeUtilAbort,
  writeUtilParamsGet,
  writeUtilParamsSet,
} from '../i2o/utility.gen.ts';
import { HANDLER_SEND } from '../osm/message/handlers.ts';
import { Random } from '../time/random.ts';
import type { LanTourHost } from './lan-host.ts';

const ETHERNET_HEADER_BYTES = 14;
/** Buckets that one message names. */
const BUCKETS = 9;
/** Packets of one piece that one message names. */
const PACKETS = 9;
/** An IPv4 header for 20 bytes of TCP, of which the device makes the sums. */
const IPV4_TCP = [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 1];
const TCP_WORDS = 5;
const PSEUDO_SUM = 2 * (0x0a00 + 0x0001) + 6 + TCP_WORDS * 4;
const RESOURCES = LAN_RESOURCE_BUCKETS | LAN_RESOURCE_TRANSMITS;
const ALL_FIELDS = 0xffff;

export class LanTour {
  private readonly host: LanTourHost;
  private readonly bytes: Uint8Array;
  private readonly random: Random;
  private readonly mac: readonly number[];
  /** Packets of the host's that the card can hold, and where parameter lists may be answered. */
  private readonly packetsMax: number;
  private readonly resultAt: number;

  /** @param packetsMax packets that the card can hold. @param resultAt address of 256 bytes for answers. */
  constructor(
    host: LanTourHost,
    { bytes }: Region,
    mac: readonly number[],
    packetsMax: number,
    resultAt: number,
    seed: number,
  ) {
    this.host = host;
    this.bytes = bytes;
    this.mac = mac;
    this.packetsMax = packetsMax;
    this.resultAt = resultAt;
    this.random = new Random(seed);
  }

  /**
   * @param rounds how often the middle part is gone through. @throws Error where the card does not do what
   * a card does.
   */
  run(rounds: number): void {
    const { host } = this;
    host.bringUp();
    for (let round = 0; round < rounds; round++) {
      this.exchange();
      this.badPackets();
      this.modes();
      this.batching();
      this.refusals();
      this.aborted();
      this.endings();
    }
    host.quiesce();
    if (host.lent.size > 0) throw new Error(`the card kept ${host.lent.size} buckets`);
  }

  /** Packets of all sizes, several in a message, each of which comes back in a bucket. */
  private exchange(): void {
    const { host, random, packetsMax } = this;
    this.refill();
    const sizes = Array.from(
      { length: 1 + random.below(Math.min(PACKETS, packetsMax)) },
      () => 60 + random.below(1455),
    );
    const lent = host.lent.size;
    this.send(sizes, LAN_REPLY_MODE_BATCH);
    this.home(sizes.length);
    host.until(() => host.lent.size <= lent - sizes.length, 'the packets in buckets');
    this.refill();
    this.header(0);
    host.told.length = 0;
    host.send([[0, 54]], LAN_REPLY_MODE_IMMEDIATE, [1, 1]);
    this.home(1);
  }

  /** Too short, and too long; a checksum that the packet has no place for. */
  private badPackets(): void {
    const { host } = this;
    for (const mode of [LAN_REPLY_MODE_BATCH, LAN_REPLY_MODE_ON_ERROR]) {
      this.send([ETHERNET_HEADER_BYTES - 1, 1515], mode);
      this.home(2);
      host.told.length = 0;
      // Nothing of IPv4 has room behind so short a header.
      host.send([[0, ETHERNET_HEADER_BYTES + 10]], mode, [1, 0]);
      this.home(1);
    }
  }

  private modes(): void {
    const { host } = this;
    for (const mode of [LAN_REPLY_MODE_ON_ERROR, LAN_REPLY_MODE_NEVER, LAN_REPLY_MODE_IMMEDIATE]) {
      this.send([60, 60, 60], mode);
      if (mode === LAN_REPLY_MODE_IMMEDIATE) this.home(3);
      else host.poll();
    }
  }

  /** Batching as the host sets it, and a look at what it is. */
  private batching(): void {
    this.set(GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_COUNT, 2);
    this.set(GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_DELAY, 20);
    this.send([60, 60, 60, 60, 60], LAN_REPLY_MODE_BATCH);
    this.home(5);
    this.set(GROUP_LAN_BATCH_CONTROL_BATCH_FLAGS, LAN_BATCH_FLAG_DISABLED);
    this.send([60, 60], LAN_REPLY_MODE_BATCH);
    this.home(2);
    this.set(GROUP_LAN_BATCH_CONTROL_BATCH_FLAGS, 0);
    this.set(GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_COUNT, 0);
    this.set(GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_DELAY, 0);
    this.get();
  }

  /** What the card cannot hold, and a message that it does not serve. */
  private refusals(): void {
    const { host } = this;
    host.refused.length = 0;
    if (this.packetsMax < PACKETS) {
      this.send(new Array<number>(PACKETS).fill(60), LAN_REPLY_MODE_BATCH);
      host.until(() => host.hasRefused(LAN_PACKET_SEND), 'a refusal of more packets than it holds');
    }
    host.post((words, frame) => {
      // The destination address lies behind the context.
      const element = ((SGL_TRANSMIT | SGL_LAST | 2) << 24) | 60;
      const list = [element, 0, 0x0269, 0x6e69_6300, host.packetAt(0)];
      list.forEach((word, i) => {
        words[frame + LAN_SDU_SEND_SGL_WORD + i] = word;
      });
      const end = frame + LAN_SDU_SEND_SGL_WORD + list.length;
      writeLanSduSend(words, frame, host.tid, HOST_TID, HANDLER_SEND, 0, LAN_REPLY_MODE_BATCH, end - frame);
    });
    host.until(() => host.hasRefused(LAN_SDU_SEND), 'a refusal of what it does not serve');
  }

  /** Every bucket is ended by UtilAbort. */
  private aborted(): void {
    const { host } = this;
    this.refill();
    host.ask((words, frame, handler, transaction) =>
      writeUtilAbort(
        words,
        frame,
        host.tid,
        HOST_TID,
        handler,
        transaction,
        ABORT_TYPE_FUNCTION,
        LAN_RECEIVE_POST,
        0,
      ),
    );
    host.until(() => host.lent.size === 0, 'the buckets that were aborted');
  }

  /** Suspensions and resets, with what they give back and without; packets that find nobody meanwhile. */
  private endings(): void {
    const { host } = this;
    this.refill();
    for (const resources of [0, LAN_RESOURCE_BUCKETS, RESOURCES]) {
      this.send([60, 60], LAN_REPLY_MODE_BATCH);
      this.ended('suspend', resources);
      this.home(2);
      if ((resources & LAN_RESOURCE_BUCKETS) !== 0 && host.lent.size > 0)
        throw new Error('the card kept buckets that a suspension gives back');
      this.ended('suspend', 0);
      this.ended('reset', this.random.below(RESOURCES + 1));
      this.refill();
    }
    this.ended('reset', RESOURCES);
  }

  private ended(how: 'suspend' | 'reset', resources: number): void {
    const { host } = this;
    const write = how === 'suspend' ? writeLanSuspend : writeLanReset;
    const errno = host.ask((words, frame, handler, transaction) =>
      write(words, frame, host.tid, HOST_TID, handler, transaction, resources),
    );
    if (errno !== 0) throw new Error(`the card would not ${how}: errno ${errno}`);
  }

  /** The card has at least two messages of buckets. */
  private refill(): void {
    const { host } = this;
    while (host.lent.size < 2 * BUCKETS && host.bucketsFree >= BUCKETS) host.lend(BUCKETS);
  }

  private send(sizes: readonly number[], mode: number): void {
    this.host.told.length = 0;
    const packets = sizes.map((bytes, buffer) => {
      this.header(buffer);
      return [buffer, bytes] as const;
    });
    this.host.send(packets, mode);
  }

  /** The Ethernet header of a packet to the port itself, and behind it IPv4 and TCP. */
  private header(buffer: number): void {
    const { bytes, mac, host } = this;
    const ipv4 = [...mac, ...mac, 0x08, 0x00, ...IPV4_TCP, ...new Array<number>(TCP_WORDS * 4).fill(0)];
    ipv4[ETHERNET_HEADER_BYTES + IPV4_TCP.length + 12] = TCP_WORDS << 4;
    // The folded sum of the pseudo-header, for a checksum that the device fills in.
    ipv4[ETHERNET_HEADER_BYTES + IPV4_TCP.length + 16] = PSEUDO_SUM >> 8;
    ipv4[ETHERNET_HEADER_BYTES + IPV4_TCP.length + 17] = PSEUDO_SUM & 255;
    const at = host.packetAt(buffer);
    ipv4.forEach((byte, i) => {
      bytes[at + i] = byte;
    });
  }

  private home(packets: number): void {
    const { host } = this;
    host.until(() => host.told.length === packets, `${packets} packets home`);
  }

  /** Sets a field of LanBatchControl, by a list in the frame itself. */
  private set(field: number, value: number): void {
    const { host, resultAt } = this;
    host.ask((words, frame, handler, transaction) => {
      const list = frame + UTIL_PARAMS_SET_SGL_WORD;
      words[list] = (ELEMENT_KIND_IMMEDIATE | 0x40) * 2 ** 24 + 16;
      words[list + 1] = 1;
      words[list + 2] = PARAMS_OPERATION_FIELD_SET | (GROUP_LAN_BATCH_CONTROL.number << 16);
      words[list + 3] = 1 | (field << 16);
      words[list + 4] = value;
      const end = writeSglSimple(words, list + 5, SGL_SIMPLE_IN | SGL_LAST, 256, resultAt);
      writeUtilParamsSet(words, frame, host.tid, HOST_TID, handler, transaction, end - frame);
    });
  }

  /** Reads all of LanBatchControl. */
  private get(): void {
    const { host, resultAt } = this;
    host.ask((words, frame, handler, transaction) => {
      const list = frame + UTIL_PARAMS_SET_SGL_WORD;
      words[list] = (ELEMENT_KIND_IMMEDIATE | 0x40) * 2 ** 24 + 12;
      words[list + 1] = 1;
      words[list + 2] = PARAMS_OPERATION_FIELD_GET | (GROUP_LAN_BATCH_CONTROL.number << 16);
      words[list + 3] = ALL_FIELDS;
      const end = writeSglSimple(words, list + 4, SGL_SIMPLE_IN | SGL_LAST, 256, resultAt);
      writeUtilParamsGet(words, frame, host.tid, HOST_TID, handler, transaction, end - frame);
    });
  }
}

/** A network port by its messages: packets out and in, batches, buckets, reset, suspension, groups. */
import { describe, expect, it } from 'vitest';
import * as groups from '../../src/i2o/groups.gen.ts';
import * as lan from '../../src/i2o/lan.gen.ts';
import { DEVICE_TID } from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { contexts, filled, MODE, PortBed } from './bed.ts';

const LAST_PACKET = lan.LAN_PACKET_FLAG_LAST_PACKET;
const LAST_BUCKET = lan.LAN_PACKET_FLAG_LAST_BUCKET;
const NO_DATA = 0x05 << 24;
const ABORTED = 0x02 << 24;
const PROCESS_ABORTED = 0x09 << 24;
const TRANSACTION_ERROR = 0x0b << 24;
const { GROUP_LAN_BATCH_CONTROL: BATCH, GROUP_LAN_OPERATION: OPERATION } = groups;

describe('a packet', () => {
  it('goes out whole, in one piece or several, and comes back in a bucket', () => {
    const bed = new PortBed();
    bed.lend([0, 1, 2]);
    const bytes = bed.frame(bed.out(0), 300);
    const short = bed.frame(bed.out(1), 20);
    const replies = bed.sendPackets([
      [7, [[bed.out(0), 300]]],
      [
        8,
        [
          [bed.out(0), 14],
          [bed.out(0) + 14, 1],
          [bed.out(0) + 15, 285],
        ],
      ],
      [9, [[bed.out(1), 20]]],
    ]);
    expect(contexts(replies)).toEqual([
      [7, 0],
      [8, 0],
      [9, 0],
    ]);
    const packets = filled(replies);
    expect(packets.map(({ context, length }) => [context, length])).toEqual([
      [100, 300],
      [101, 300],
      [102, 20],
    ]);
    expect(packets.map(({ flags }) => flags)).toEqual([LAST_PACKET, LAST_PACKET, LAST_PACKET | LAST_BUCKET]);
    for (const bucket of [0, 1])
      expect(bed.region.bytes.slice(bed.bucket(bucket), bed.bucket(bucket) + 300)).toEqual(bytes);
    expect(bed.region.bytes.slice(bed.bucket(2), bed.bucket(2) + 20)).toEqual(short);
    expect(bed.counter('lanTxPacketsBytes')).toBe(620);
    expect(bed.counter('lanPlacementsBytes')).toBe(620);
  });

  it('without a bucket is lost and counted, as is one for another address', () => {
    const bed = new PortBed();
    bed.frame(bed.out(0), 60);
    expect(filled(bed.sendPackets([[1, [[bed.out(0), 60]]]]))).toEqual([]);
    expect(bed.counter('lanRxNoBucket')).toBe(1);
    bed.lend([0]);
    bed.frame(bed.out(0), 60, [2, 0, 0, 0, 0, 1]);
    expect(filled(bed.sendPackets([[1, [[bed.out(0), 60]]]]))).toEqual([]);
    expect(bed.counter('lanRxFiltered')).toBe(1);
    bed.set(groups.GROUP_LAN_MAC_ADDRESS.number, groups.GROUP_LAN_MAC_ADDRESS_FILTER_MASK, 2);
    expect(filled(bed.sendPackets([[1, [[bed.out(0), 60]]]]))).toHaveLength(1);
  });

  it.each([
    ['a broadcast', [255, 255, 255, 255, 255, 255], 0, true],
    ['a broadcast that is not wanted', [255, 255, 255, 255, 255, 255], lan.LAN_FILTER_BROADCAST_OFF, false],
    ['a multicast', [1, 0, 94, 0, 0, 1], 0, false],
    ['a multicast, of all', [1, 0, 94, 0, 0, 1], lan.LAN_FILTER_ALL_MULTICAST, true],
    ['its own, not wanted', undefined, lan.LAN_FILTER_UNICAST_OFF, false],
  ])('%s is let through or not', (_what, destination, mask, through) => {
    const bed = new PortBed();
    const group = groups.GROUP_LAN_MAC_ADDRESS;
    expect(bed.set(group.number, groups.GROUP_LAN_MAC_ADDRESS_FILTER_MASK, mask)).toBe(0);
    bed.lend([0]);
    bed.frame(bed.out(0), 64, destination);
    expect(filled(bed.sendPackets([[1, [[bed.out(0), 64]]]])).length).toBe(through ? 1 : 0);
  });

  it.each([
    ['shorter than an Ethernet header', 13, 0, lan.LAN_DETAILED_STATUS_BAD_PACKET_DETECTED],
    ['longer than the longest', 1515, 0, lan.LAN_DETAILED_STATUS_BAD_PACKET_DETECTED],
    ['no IPv4, and a network checksum', 64, 0x20, lan.LAN_DETAILED_STATUS_BAD_PACKET_DETECTED],
    ['no IPv4, and a transport checksum', 64, 0x40, lan.LAN_DETAILED_STATUS_BAD_PACKET_DETECTED],
  ])('%s comes back unsent', (_what, byteLength, control, status) => {
    const bed = new PortBed();
    bed.frame(bed.out(0), 64);
    for (const mode of [MODE.immediate, MODE.batch, MODE.onError]) {
      const replies = bed.sendPackets([[3, [[bed.out(0), byteLength]]]], mode, control);
      expect(contexts(replies)).toEqual([[3, NO_DATA | status]]);
    }
    expect(bed.sendPackets([[3, [[bed.out(0), byteLength]]]], MODE.never, control)).toEqual([]);
    expect(bed.counter('lanTxErrors')).toBe(4);
    bed.set(OPERATION.number, groups.GROUP_LAN_OPERATION_USER_FLAGS, 1);
    expect(contexts(bed.sendPackets([[3, [[bed.out(0), byteLength]]]], MODE.never, control))).toHaveLength(1);
  });

  it('in more pieces than a packet may have, or with a checksum the device does not make, comes back', () => {
    const bed = new PortBed({ checksumOffload: false });
    bed.frame(bed.out(0), 64);
    const transmitError = NO_DATA | lan.LAN_DETAILED_STATUS_TRANSMIT_ERROR;
    expect(contexts(bed.sendPackets([[3, [[bed.out(0), 64]]]], 1, 0x40))).toEqual([[3, transmitError]]);
    bed.region.words.set(
      bed.list([[4, Array.from({ length: 17 }, () => [bed.out(0), 4] as const)]]),
      bed.out(2) >> 2,
    );
    const chained = bed.sendList([0xb0000000 | (35 * 4), bed.out(2)]);
    expect(contexts(chained)).toEqual([[4, NO_DATA | lan.LAN_DETAILED_STATUS_BAD_PACKET_DETECTED]]);
  });

  it('that was sent is told of as its mode says', () => {
    const bed = new PortBed();
    bed.frame(bed.out(0), 64);
    const packet = [[5, [[bed.out(0), 64]]]] as const;
    expect(contexts(bed.sendPackets(packet, MODE.batch))).toHaveLength(1);
    expect(contexts(bed.sendPackets(packet, MODE.immediate))).toHaveLength(1);
    expect(bed.sendPackets(packet, MODE.onError)).toEqual([]);
    expect(bed.sendPackets(packet, MODE.never)).toEqual([]);
    expect(bed.counter('lanTxPackets')).toBe(4);
  });

  it('of a request with a bad element is not sent, nor are the others', () => {
    const bed = new PortBed();
    bed.frame(bed.out(0), 64);
    const [reply] = bed.sendPackets([
      [5, [[bed.out(0), 64]]],
      [6, [[bed.control, 64]]],
    ]);
    expect([reply[4], reply[5]]).toEqual([TRANSACTION_ERROR | 0x11, 28]);
    const [open] = bed.sendList([0x15000040, 5, bed.out(0), 0x94000001, bed.out(0)]);
    expect(open[4]).toBe(TRANSACTION_ERROR | 0x10);
    const [bare] = bed.sendList([0xd4000040, bed.out(0)]);
    expect(bare[4]).toBe(TRANSACTION_ERROR | 0x16);
    expect(bed.counter('lanTxPackets')).toBe(0);
  });

  it('has its IPv4 and TCP checksums filled in', () => {
    const bed = new PortBed();
    bed.lend([0]);
    const at = bed.out(0);
    bed.frame(at, 60);
    const header = [0x45, 0, 0, 46, 0, 1, 0, 0, 64, 6, 0xaa, 0xaa, 10, 0, 0, 1, 10, 0, 0, 2];
    bed.region.bytes.set([8, 0, ...header], at + 12);
    // What a stack leaves in TCP's field: the folded sum of the pseudo-header.
    const pseudo = 0x0a00 + 1 + 0x0a00 + 2 + 6 + 26;
    bed.region.bytes.set([pseudo >> 8, pseudo & 0xff], at + 34 + 16);
    bed.region.bytes[at + 34 + 12] = 0x50;
    const [{ flags }] = filled(
      bed.sendPackets(
        [
          [
            1,
            [
              [at, 54],
              [at + 54, 6],
            ],
          ],
        ],
        1,
        0x60,
      ),
    );
    const good = lan.LAN_PACKET_FLAG_NETWORK_CHECKSUM_GOOD | lan.LAN_PACKET_FLAG_TRANSPORT_CHECKSUM_GOOD;
    expect(flags & good).toBe(good);
    expect(bed.region.kernels.sum(bed.bucket(0) + 14, 20, 0)).toBe(0xffff);
  });

  it('is refused where the card holds as many as it can', () => {
    const bed = new PortBed({ txRing: 2 });
    bed.frame(bed.out(0), 64);
    const packet = (context: number) => [context, [[bed.out(0), 64]]] as const;
    const [reply] = bed.sendPackets([packet(1), packet(2), packet(3)]);
    expect(reply[4]).toBe(NO_DATA | lan.LAN_DETAILED_STATUS_OUT_OF_MEMORY);
    expect(contexts(bed.sendPackets([packet(1), packet(2)]))).toHaveLength(2);
  });
});

describe('a bucket', () => {
  it('too short for the packet stays posted, and the packet is lost, or cut and told of', () => {
    const bed = new PortBed();
    bed.lend([0], 64);
    bed.frame(bed.out(0), 200);
    expect(filled(bed.sendPackets([[1, [[bed.out(0), 200]]]]))).toEqual([]);
    expect(bed.counter('lanRxErrors')).toBe(1);
    bed.set(OPERATION.number, groups.GROUP_LAN_OPERATION_USER_FLAGS, 2);
    const [packet] = filled(bed.sendPackets([[1, [[bed.out(0), 200]]]]));
    expect(packet).toMatchObject({ length: 64, status: lan.LAN_PACKET_STATUS_TOO_LONG });
    expect(packet.flags & lan.LAN_PACKET_FLAG_ERROR).not.toBe(0);
  });

  it('begins with as many bytes as the host wants free', () => {
    const bed = new PortBed();
    expect(bed.set(OPERATION.number, groups.GROUP_LAN_OPERATION_PACKET_PRE_PAD, 2)).toBe(0);
    bed.lend([0]);
    const bytes = bed.frame(bed.out(0), 64);
    expect(filled(bed.sendPackets([[1, [[bed.out(0), 64]]]]))[0].offset).toBe(2);
    expect(bed.region.bytes.slice(bed.bucket(0) + 2, bed.bucket(0) + 66)).toEqual(bytes);
  });

  it('is refused with all of its request', () => {
    const bed = new PortBed({ packetSlots: 32 });
    const tooMany = Array.from({ length: 9 }, (_, i) => i);
    for (let i = 0; i < 3; i++) expect(bed.lend(tooMany)).toEqual([]);
    expect(bed.lend(tooMany)[0][4]).toBe(NO_DATA | lan.LAN_DETAILED_STATUS_BUCKET_OVERRUN);
    expect(bed.counter('lanBucketsPosted')).toBe(27);
    const wrongCount = bed.ask((words, frame) => {
      lan.writeLanReceivePost(words, frame, DEVICE_TID, 1, 0, 2, 7);
      words.set([0xd1000600, 1, bed.bucket(1)], frame + 4);
    });
    expect(wrongCount[0].subarray(4, 6)).toEqual(Int32Array.of(TRANSACTION_ERROR | 0x11, 12));
  });
});

describe('batching', () => {
  it('holds what comes within the delay of the last reply, until it is enough or due', () => {
    const bed = new PortBed();
    bed.lend(Array.from({ length: 9 }, (_, i) => i));
    bed.clock.set(10_000_000);
    const { number } = BATCH;
    bed.set(number, groups.GROUP_LAN_BATCH_CONTROL_MAX_RX_BATCH_COUNT, 3);
    bed.set(number, groups.GROUP_LAN_BATCH_CONTROL_MAX_RX_BATCH_DELAY, 100);
    bed.frame(bed.out(0), 64);
    const send = () => filled(bed.sendPackets([[1, [[bed.out(0), 64]]]], MODE.never)).length;
    expect(send()).toBe(1);
    expect(send()).toBe(0);
    expect(bed.get(number, groups.GROUP_LAN_BATCH_CONTROL_BATCH_FLAGS).getUint32(0, true)).toBe(2);
    expect(bed.module.nextDeadlineNs()).toBe(10_100_000);
    expect(send()).toBe(0);
    expect(send()).toBe(3);
    expect(send()).toBe(0);
    bed.clock.set(10_100_000);
    expect(filled(bed.run())).toHaveLength(1);
  });

  it('forced, holds the first too; disabled, nothing', () => {
    const bed = new PortBed();
    bed.lend([0, 1, 2, 3]);
    bed.clock.set(10_000_000);
    const { number } = BATCH;
    bed.set(number, groups.GROUP_LAN_BATCH_CONTROL_MAX_RX_BATCH_DELAY, 100);
    bed.set(number, groups.GROUP_LAN_BATCH_CONTROL_BATCH_FLAGS, 4);
    bed.frame(bed.out(0), 64);
    expect(filled(bed.sendPackets([[1, [[bed.out(0), 64]]]], MODE.never))).toEqual([]);
    bed.set(number, groups.GROUP_LAN_BATCH_CONTROL_BATCH_FLAGS, 1);
    const replies = bed.sendPackets(
      [
        [1, [[bed.out(0), 64]]],
        [2, [[bed.out(0), 64]]],
      ],
      MODE.never,
    );
    // What was held has gone with the change; these two have a reply each.
    expect(filled(replies)).toHaveLength(2);
    expect(replies).toHaveLength(2);
    expect(bed.set(number, groups.GROUP_LAN_BATCH_CONTROL_BATCH_FLAGS, 5)).not.toBe(0);
    expect(bed.set(number, groups.GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_COUNT, 1025)).not.toBe(0);
    expect(bed.set(number, groups.GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_DELAY, 1_000_001)).not.toBe(0);
  });

  it('shares a reply only among those of one initiator context', () => {
    const bed = new PortBed();
    bed.lend([0]);
    bed.frame(bed.out(0), 64);
    const first = bed.sendPackets([
      [1, [[bed.out(0), 64]]],
      [2, [[bed.out(0), 13]]],
      [3, [[bed.out(0), 64]]],
    ]);
    expect(contexts(first).map(([context]) => context)).toEqual([1, 2, 3]);
    expect(first.filter((words) => words[1] >>> 24 === lan.LAN_PACKET_SEND)).toHaveLength(3);
  });
});

describe('reset and suspension', () => {
  it('give back what their flags name, before they are answered', () => {
    const bed = new PortBed();
    bed.lend([0, 1]);
    const replies = bed.end(lan.LAN_SUSPEND, lan.LAN_RESOURCE_BUCKETS);
    expect(replies.map((words) => words[1] >>> 24)).toEqual([lan.LAN_RECEIVE_POST, lan.LAN_SUSPEND]);
    expect(filled(replies)).toEqual(
      [100, 101].map((context) => ({ context, offset: 0, flags: 0, length: 0, status: 0 })),
    );
    expect(replies[0][4]).toBe(PROCESS_ABORTED | lan.LAN_DETAILED_STATUS_CANCELED);
    expect(replies[0][3] >>> 24).toBe(lan.LAN_LIST_RETURNED);
    expect(replies[1][4]).toBe(0);
  });

  it('a suspended port refuses, loses what arrives, and goes on after a reset', () => {
    const bed = new PortBed();
    bed.lend([0]);
    bed.frame(bed.out(0), 64);
    expect(bed.end(lan.LAN_SUSPEND, 0)).toHaveLength(1);
    const suspended = NO_DATA | lan.LAN_DETAILED_STATUS_SUSPENDED;
    expect(bed.sendPackets([[1, [[bed.out(0), 64]]]])[0][4]).toBe(suspended);
    expect(bed.lend([1])[0][4]).toBe(suspended);
    expect(bed.get(0, groups.GROUP_LAN_DEVICE_INFO_DEVICE_STATE).getUint8(0)).toBe(3);
    bed.module['receiver'].input(0, bed.out(0), 64, 0);
    expect(bed.counter('lanRxSuspended')).toBe(1);
    bed.end(lan.LAN_RESET, 0);
    expect(filled(bed.sendPackets([[1, [[bed.out(0), 64]]]]))).toHaveLength(1);
    expect(bed.counter('lanResets')).toBe(1);
  });

  it('of packets that wait for the device', () => {
    const bed = new PortBed();
    bed.frame(bed.out(0), 64);
    bed.module['device'].claim = () => -1;
    const packets = [1, 2, 3].map((context) => [context, [[bed.out(0), 64]]] as const);
    expect(bed.sendPackets(packets)).toEqual([]);
    const abort = bed.send(util.UTIL_ABORT, [(2 << 16) | (lan.LAN_PACKET_SEND << 24), 2], DEVICE_TID);
    const canceled = lan.LAN_DETAILED_STATUS_CANCELED;
    expect(contexts(abort)).toEqual([[2, ABORTED | canceled]]);
    const replies = bed.end(lan.LAN_RESET, lan.LAN_RESOURCE_TRANSMITS);
    expect(contexts(replies)).toEqual([1, 3].map((context) => [context, PROCESS_ABORTED | canceled]));
    expect(bed.counter('lanTxCanceled')).toBe(3);
  });

  it('an abort takes one bucket out of the middle', () => {
    const bed = new PortBed();
    bed.lend([0, 1, 2]);
    const replies = bed.send(util.UTIL_ABORT, [(2 << 16) | (lan.LAN_RECEIVE_POST << 24), 101], DEVICE_TID);
    expect(filled(replies).map(({ context }) => context)).toEqual([101]);
    bed.frame(bed.out(0), 64);
    const packet = [1, [[bed.out(0), 64]]] as const;
    expect(filled(bed.sendPackets([packet, packet])).map(({ context }) => context)).toEqual([100, 102]);
  });

  it('a second one is refused while the first is not answered', () => {
    const bed = new PortBed();
    bed.module['ending'].open = true;
    expect(bed.end(lan.LAN_RESET, 0)[0][4]).toBe(TRANSACTION_ERROR | 0x1b);
  });
});

describe('the groups', () => {
  it('say what the port is and can', () => {
    const bed = new PortBed();
    const info = groups.GROUP_LAN_DEVICE_INFO.number;
    expect(bed.get(info, groups.GROUP_LAN_DEVICE_INFO_LAN_TYPE).getUint16(0, true)).toBe(0x30);
    const mac = bed.get(info, groups.GROUP_LAN_DEVICE_INFO_HARDWARE_ADDRESS);
    expect(Array.from({ length: 8 }, (_, i) => mac.getUint8(i))).toEqual([...bed.mac, 0, 0]);
    const transmit = groups.GROUP_LAN_TRANSMIT_INFO;
    const sent = transmit.fields.map((_, i) => bed.get(transmit.number, i).getUint32(0, true));
    expect(sent).toEqual([16, 64, 128, 64, 0x700]);
    const receive = groups.GROUP_LAN_RECEIVE_INFO;
    const received = receive.fields.map((_, i) => bed.get(receive.number, i).getUint32(0, true));
    expect(received).toEqual([64, 32, 0x700, 8, 1, 64]);
    expect(bed.get(groups.GROUP_LAN_MEDIA.number, 5).getUint8(0)).toBe(1);
    expect(bed.set(groups.GROUP_LAN_MAC_ADDRESS.number, 3, 0x400)).not.toBe(0);
    expect(bed.set(OPERATION.number, groups.GROUP_LAN_OPERATION_USER_FLAGS, 4)).not.toBe(0);
    expect(bed.set(OPERATION.number, groups.GROUP_LAN_OPERATION_PACKET_PRE_PAD, 256)).not.toBe(0);
    for (const { number, fields } of [groups.GROUP_LAN_OPERATION, groups.GROUP_LAN_MAC_ADDRESS, BATCH])
      for (const i of fields.keys()) expect(bed.get(number, i).byteLength).toBeGreaterThan(0);
  });

  it('count packets', () => {
    const bed = new PortBed();
    bed.frame(bed.out(0), 64);
    bed.lend([0]);
    const packet = [1, [[bed.out(0), 64]]] as const;
    bed.sendPackets([packet, packet, [2, [[bed.out(0), 1]]]]);
    bed.end(lan.LAN_SUSPEND, 3);
    bed.end(lan.LAN_RESET, 3);
    const { number, fields } = groups.GROUP_LAN_STATISTICS;
    const shown = fields.map((_, i) => bed.get(number, i).getUint32(0, true));
    expect(shown).toEqual([2, 128, 1, 64, 1, 0, 1, 1, 1]);
  });
});

it('knows no other functions, and does not serve LanSduSend', () => {
  const bed = new PortBed();
  expect(bed.send(0x41, [], DEVICE_TID)[0][4]).toBe(NO_DATA | 0x19);
  const [reply] = bed.ask((words, frame) => {
    lan.writeLanSduSend(words, frame, DEVICE_TID, 1, 0, 0, 0, 7);
    words.set([0xd7000040, 1, bed.out(0)], frame + 4);
  });
  expect(reply[4]).toBe(NO_DATA | 0x0a);
});

it('gives all back when it is quiesced', () => {
  const bed = new PortBed();
  bed.lend([0, 1, 2]);
  const replies = bed.send(0xc3);
  expect(filled(replies)).toHaveLength(3);
  expect(replies.at(-1)![1] >>> 24).toBe(0xc3);
});

/** The window class by its messages: filling, sending and sending again, what arrives, limits, refusals. */
import { describe, expect, it } from 'vitest';
import * as groups from '../../src/i2o/groups.gen.ts';
import { DEVICE_TID } from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import * as spec from '../../src/i2o/window.gen.ts';
import type { WindowMemory } from '../../src/window/window-memory.ts';
import type { WindowReceiver } from '../../src/window/window-receiver.ts';
import { ALL, contexts, type Frame, frames, HEADERS, single, WindowBed } from './bed.ts';

const NO_DATA = 0x05 << 24;
const TRANSACTION_ERROR = 0x0b << 24;
const PROCESS_ABORTED = 0x09 << 24;
const ABORTED = 0x02 << 24;
const CHECKSUM = 0x60;
const RETRANSMISSION = 0x80;
const GOOD = spec.WINDOW_FRAME_FLAG_CHECKSUMS_GOOD;
const HEADERS_ONLY = spec.WINDOW_FRAME_FLAG_HEADERS_ONLY;
const refusal = (status: number): number[] => [NO_DATA | status];

/** Fills `bytes` of the window from its beginning. */
function filled(bytes: number): WindowBed {
  const bed = new WindowBed();
  bed.count(bed.out(), bytes);
  const replies = bed.fill([[3, [bed.out(), bytes], [[bed.window(), bytes]]]]);
  expect(contexts(replies, spec.WINDOW_FILL)).toEqual([[3, 0]]);
  return bed;
}

/** Sends a segment whose payload is the window's first bytes. @returns replies. */
function segment(bed: WindowBed, bytes: number, control = CHECKSUM, context = 5): Int32Array[] {
  bed.tcp(bed.out(8192), bytes);
  return bed.sendPackets([[context, [bed.out(8192), HEADERS], [[bed.window(), bytes]]]], control);
}

describe('a segment', () => {
  it('goes out of the window, and again, with its headers alone over the bus', () => {
    const bed = filled(1000);
    for (const control of [CHECKSUM, CHECKSUM | RETRANSMISSION]) {
      const replies = segment(bed, 1000, control);
      expect(contexts(replies, spec.WINDOW_SEND)).toEqual([[5, 0]]);
      const [frame] = frames(replies);
      const { address: _, ...rest } = frame;
      expect(rest).toEqual({ length: 1054, headers: HEADERS, flags: GOOD | HEADERS_ONLY });
    }
    expect(bed.counter('windowFillsBytes')).toBe(1000);
    expect(bed.counter('lanHeaderFetchesBytes')).toBe(2 * HEADERS);
    expect(bed.counter('windowHeadersBytes')).toBe(2 * HEADERS);
    expect(bed.counter('retransmitFetchesBytes')).toBe(1000);
    bed.balance();
  });

  it('that arrives leaves its payload on the card until it is placed, and then released', () => {
    const bed = filled(1000);
    const [frame] = frames(segment(bed, 1000));
    const brought = bed.at(bed.headersOf(frame), 64);
    expect(brought.subarray(0, 6)).toEqual(Uint8Array.from(bed.mac));
    expect(brought.subarray(HEADERS)).toEqual(new Uint8Array(10));
    const pieces = [
      [frame.address + HEADERS + 600, 400],
      [frame.address + HEADERS, 600],
    ] as const;
    const replies = bed.place([[9, [bed.into(), 1000], pieces]]);
    expect(contexts(replies, spec.WINDOW_PLACE)).toEqual([[9, 0]]);
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff);
    expect(bed.at(bed.into(), 400)).toEqual(bytes.subarray(600));
    expect(bed.at(bed.into(400), 600)).toEqual(bytes.subarray(0, 600));
    expect(bed.release([[frame.address, frame.length]])).toEqual([]);
    expect(bed.release([[bed.window(), 1000]])).toEqual([]);
    bed.balance();
    expect(bed.module['memory'].filledBytes).toBe(0);
    expect(bed.module['memory'].framesHeld).toBe(0);
  });

  it('is cut by the card where it is asked to, and each part has headers of its own', () => {
    const bed = filled(4000);
    const replies = segment(bed, 4000, CHECKSUM | (1460 << 8));
    expect(contexts(replies, spec.WINDOW_SEND)).toEqual([[5, 0]]);
    expect(frames(replies).map(({ length }) => length - HEADERS)).toEqual([1460, 1460, 1080]);
    expect(bed.counter('lanHeaderFetchesBytes')).toBe(HEADERS);
  });

  it('is put together of pieces of the transmit part and of packets that have come', () => {
    const bed = filled(100);
    const [frame] = frames(segment(bed, 100));
    bed.tcp(bed.out(8192), 60);
    const pieces = [
      [bed.window(10), 20],
      [frame.address + HEADERS, 40],
    ] as const;
    const [again] = frames(bed.sendPackets([[5, [bed.out(8192), HEADERS], pieces]], CHECKSUM));
    bed.place([[9, [bed.into(), 60], [[again.address + HEADERS, 60]]]]);
    expect(bed.at(bed.into(), 20)).toEqual(Uint8Array.from({ length: 20 }, (_, i) => 10 + i));
    expect(bed.at(bed.into(20), 40)).toEqual(Uint8Array.from({ length: 40 }, (_, i) => i));
  });

  it('comes whole where the card cannot check it, and not at all for others', () => {
    const bed = new WindowBed();
    bed.count(bed.out(), 300);
    bed.region.bytes.set([...bed.mac, ...bed.mac, 0x88, 0xb5], bed.out());
    const [frame] = frames(bed.sendPackets([[1, [bed.out(), 100], []]]));
    const { address, ...rest } = frame;
    expect(rest).toEqual({ length: 100, headers: 0, flags: 0 });
    expect(bed.at(bed.headersOf(frame), 100)).toEqual(bed.at(bed.out(), 100));
    bed.region.bytes.set([2, 9, 9, 9, 9, 9], bed.out());
    expect(frames(bed.sendPackets([[1, [bed.out(), 100], []]]))).toEqual([]);
    expect(bed.counter('lanRxFiltered')).toBe(1);
    expect(address % 4).toBe(2);
  });
});

describe('what the host may hold', () => {
  it('is bounded: what comes beyond is lost, counted and told of once', () => {
    const bed = filled(10);
    bed.send(util.UTIL_EVENT_REGISTER, [spec.WINDOW_EVENT_FRAMES_FULL], DEVICE_TID);
    const held: Frame[] = [];
    let events: Int32Array[] = [];
    for (let i = 0; i < bed.framesMax + 3; i++) {
      const replies = segment(bed, 10);
      held.push(...frames(replies));
      events = [...events, ...replies.filter((words) => words[1] >>> 24 === util.UTIL_EVENT_REGISTER)];
    }
    expect(held).toHaveLength(bed.framesMax);
    expect(bed.counter('windowRxFull')).toBe(3);
    expect(events.map((words) => words[5])).toEqual([bed.framesMax]);
    bed.release(held.slice(0, 2).map(({ address, length }) => [address, length]));
    expect(frames(segment(bed, 10))).toHaveLength(1);
    bed.balance();
  });

  it('may be sent only so far as it was opened', () => {
    const bed = new WindowBed({}, false);
    expect(single(bed.openWindow(bed.windowBytes + 1))).toEqual(
      refusal(spec.WINDOW_DETAILED_STATUS_WRONG_SPLIT),
    );
    const [reply] = bed.openWindow(4096);
    expect(spec.getWindowOpenReplyTransmitAddress(reply, 0)).toBe(bed.window());
    expect(spec.getWindowOpenReplyTransmitBytesMax(reply, 0)).toBe(bed.windowBytes);
    expect(spec.getWindowOpenReplySlotsAddress(reply, 0)).toBe(bed.slotsAddress);
    expect(spec.getWindowOpenReplySlotCount(reply, 0)).toBe(24);
    expect(spec.getWindowOpenReplySlotBytes(reply, 0)).toBe(bed.slotBytes);
    expect(spec.getWindowOpenReplyFramesMax(reply, 0)).toBe(16);
    const at = (from: number) => bed.fill([[1, [bed.out(), 96], [[bed.window(from), 96]]]]);
    expect(contexts(at(4000), spec.WINDOW_FILL)).toEqual([[1, 0]]);
    expect(single(at(4001))).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_OUTSIDE_WINDOW));
    expect(single(bed.openWindow(4096))).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_WRONG_SPLIT));
    expect(single(bed.end(spec.WINDOW_RESET, 0))).toEqual([0]);
    // What is filled stays, and no split leaves it out.
    expect(single(bed.openWindow(4095))).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_WRONG_SPLIT));
    expect(single(bed.openWindow(8192))).toEqual([0]);
    expect(bed.get(groups.GROUP_WINDOW_INFO.number, 2).getUint32(0, true)).toBe(8192);
    expect(bed.get(groups.GROUP_WINDOW_INFO.number, 3).getUint32(0, true)).toBe(96);
  });
});

describe('a request is refused by name, whole, and counted', () => {
  it.each([
    ['fills outside of the window', 'windowOutside', spec.WINDOW_DETAILED_STATUS_OUTSIDE_WINDOW, 'beyond'],
    ['fills bytes twice', 'windowAlreadyFilled', spec.WINDOW_DETAILED_STATUS_ALREADY_FILLED, 'within'],
    [
      'fills less than it names',
      'windowBadTransactions',
      spec.WINDOW_DETAILED_STATUS_BAD_TRANSACTION,
      'short',
    ],
    ['fills nothing', 'windowBadTransactions', spec.WINDOW_DETAILED_STATUS_BAD_TRANSACTION, 'none'],
  ] as const)('that %s', (_, counter, status, what) => {
    const bed = filled(100);
    const first = [1, [bed.out(), 50], [[bed.window(200), 50]]] as const;
    const second = {
      beyond: [[bed.window() - 30, 50]],
      within: [[bed.window(240), 50]],
      short: [[bed.window(300), 49]],
      none: [],
    } as const;
    const replies = bed.fill([first, [2, [bed.out(), 50], second[what]]]);
    expect(single(replies)).toEqual(refusal(status));
    expect(contexts(replies, spec.WINDOW_FILL)).toEqual([]);
    expect(bed.counter(counter)).toBe(1);
    expect(bed.module['memory'].filledBytes).toBe(100);
    // Nothing of it was done: what was good of it can be.
    expect(contexts(bed.fill([first]), spec.WINDOW_FILL)).toEqual([[1, 0]]);
    bed.balance();
  });

  it('that sends what is not filled, what nobody holds, or too much at once', () => {
    const bed = filled(100);
    expect(single(segment(bed, 101))).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_NOT_FILLED));
    const slot = bed.slotsAddress + 2;
    const send = (address: number, headers = HEADERS) =>
      bed.sendPackets([[5, [bed.out(8192), headers], [[address, 50]]]], CHECKSUM);
    expect(single(send(slot))).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_NOT_HELD));
    expect(single(send(bed.out()))).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_OUTSIDE_WINDOW));
    expect(single(send(bed.window(), 129))).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_BAD_TRANSACTION));
    expect(['windowNotFilled', 'windowNotHeld', 'windowOutside'].map((name) => bed.counter(name))).toEqual([
      1, 1, 1,
    ]);
    bed.module['device'].claim = () => -1;
    const packets = bed.config.txRing;
    for (let i = 0; i < packets; i++) expect(segment(bed, 50, CHECKSUM, i)).toEqual([]);
    expect(single(segment(bed, 50))).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_OUT_OF_MEMORY));
    expect(bed.counter('windowOverfull')).toBe(1);
  });

  it('that places or releases what it does not hold, or did before', () => {
    const bed = filled(100);
    const [{ address, length }] = frames(segment(bed, 100));
    const place = (at: number, bytes: number) => single(bed.place([[9, [bed.into(), bytes], [[at, bytes]]]]));
    expect(place(address, length)).toEqual([]);
    expect(place(address, length + 1)).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_NOT_HELD));
    expect(place(address - 1, 10)).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_NOT_HELD));
    expect(place(bed.window(), 10)).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_OUTSIDE_WINDOW));
    const twice = [address, length] as const;
    expect(single(bed.release([[bed.window(), 100], twice, twice]))).toEqual(
      refusal(spec.WINDOW_DETAILED_STATUS_NOT_HELD),
    );
    expect(single(bed.release([twice, [bed.window(50), 51]]))).toEqual(
      refusal(spec.WINDOW_DETAILED_STATUS_NOT_FILLED),
    );
    expect(single(bed.release([[bed.into(), 10]]))).toEqual(
      refusal(spec.WINDOW_DETAILED_STATUS_OUTSIDE_WINDOW),
    );
    expect(single(bed.release([[bed.window(), 10]], 0x54))).toEqual(
      refusal(spec.WINDOW_DETAILED_STATUS_BAD_TRANSACTION),
    );
    // None of these has taken anything.
    bed.balance();
    expect(bed.release([[bed.window(), 100], twice])).toEqual([]);
    expect(single(bed.release([twice]))).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_NOT_HELD));
    expect(single(bed.release([[bed.window(), 1]]))).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_NOT_FILLED));
    bed.balance();
  });

  it('that is malformed, by the place of the element', () => {
    const bed = filled(100);
    const good = bed.list([[1, [bed.out(), 50], [[bed.window(200), 50]]]], true);
    const with5 = good.with(3, good[3] | (1 << 24));
    const [reply] = bed.listed(spec.WINDOW_FILL, [...with5.slice(0, 4), 0, good[4]]);
    expect([reply[4] >>> 24, reply[5]]).toEqual([TRANSACTION_ERROR >>> 24, 28]);
    const open = good.with(3, good[3] & ~(0x40 << 24));
    expect(single(bed.listed(spec.WINDOW_FILL, open))[0] >>> 24).toBe(TRANSACTION_ERROR >>> 24);
    const alien = bed.list([[1, [bed.control, 50], [[bed.window(200), 50]]]], true);
    expect(single(bed.listed(spec.WINDOW_FILL, alien))[0] >>> 24).toBe(TRANSACTION_ERROR >>> 24);
    const single1 = bed.send(spec.WINDOW_FILL, good, DEVICE_TID, 4);
    expect(single(single1)[0] >>> 24).toBe(TRANSACTION_ERROR >>> 24);
    expect(bed.counter('inboundRefused')).toBe(4);
    const host = bed.list([[1, [bed.window(300), 50], [[bed.window(200), 50]]]], true);
    const local = host.with(0, host[0] | (0x08 << 24));
    expect(single(bed.listed(spec.WINDOW_FILL, local))).toEqual(
      refusal(spec.WINDOW_DETAILED_STATUS_BAD_TRANSACTION),
    );
  });

  it('before the window is open, and headers of the wrong size, or twice', () => {
    const bed = new WindowBed({}, false);
    const closed = refusal(spec.WINDOW_DETAILED_STATUS_NOT_OPEN);
    const piece = [[1, [bed.out(), 50], [[bed.window(), 50]]]] as const;
    expect(single(bed.fill(piece))).toEqual(closed);
    expect(single(bed.sendPackets(piece))).toEqual(closed);
    expect(single(bed.place([[1, [bed.into(), 50], [[bed.window(), 50]]]]))).toEqual(closed);
    expect(single(bed.release([[bed.window(), 50]]))).toEqual(closed);
    expect(single(bed.headers())).toEqual(closed);
    bed.openWindow();
    const wrong = refusal(spec.WINDOW_DETAILED_STATUS_WRONG_HEADERS);
    expect(single(bed.headers(bed.slotBytes))).toEqual(wrong);
    expect(single(bed.headers())).toEqual([]);
    expect(single(bed.headers())).toEqual(wrong);
  });
});

describe('a reset and a suspension', () => {
  it('give up what they name, and the context of each packet comes back', () => {
    const bed = filled(100);
    const [frame] = frames(segment(bed, 100));
    bed.module['device'].claim = () => -1;
    expect(segment(bed, 100)).toEqual([]);
    const suspended = bed.end(spec.WINDOW_SUSPEND, spec.WINDOW_RESOURCE_TRANSMITS);
    expect(contexts(suspended, spec.WINDOW_SEND)).toEqual([[5, PROCESS_ABORTED | 0x0c]]);
    expect(single(suspended)).toEqual([0]);
    expect(single(segment(bed, 100))).toEqual(refusal(spec.WINDOW_DETAILED_STATUS_SUSPENDED));
    expect(single(bed.release([[frame.address, frame.length]]))).toEqual([]);
    expect(single(bed.end(spec.WINDOW_RESET, ALL))).toEqual([0]);
    expect(bed.module['memory'].filledBytes).toBe(0);
    bed.balance();
    expect(single(bed.openWindow())).toEqual([0]);
    expect(single(bed.headers())).toEqual([]);
  });

  it('loses and counts what arrives meanwhile', () => {
    const bed = filled(10);
    bed.end(spec.WINDOW_RESET, spec.WINDOW_RESOURCE_FRAMES);
    bed.openWindow();
    expect(frames(segment(bed, 10))).toEqual([]);
    expect(bed.counter('windowRxClosed')).toBe(1);
    expect(single(bed.headers())).toEqual([]);
    expect(frames(segment(bed, 10))).toHaveLength(1);
  });

  it('tells of nothing while the window is closed, though the memory for headers stays', () => {
    const bed = filled(10);
    bed.end(spec.WINDOW_RESET, spec.WINDOW_RESOURCE_TRANSMITS);
    const { receiver, memory } = bed.module as unknown as {
      readonly receiver: WindowReceiver;
      readonly memory: WindowMemory;
    };
    const slot = memory.slots.take();
    expect(receiver.input(slot, memory.frameAddress(slot), 60, 0)).toBe(false);
    memory.slots.free(slot);
    expect(bed.counter('windowRxClosed')).toBe(1);
    // The same memory serves the window that is opened next.
    bed.openWindow();
    expect(frames(segment(bed, 10))).toHaveLength(1);
  });

  it('an abort ends a packet that waits, and no other', () => {
    const bed = filled(10);
    bed.module['device'].claim = () => -1;
    for (const context of [7, 8]) segment(bed, 10, CHECKSUM, context);
    const words = [(util.ABORT_TYPE_EXACT << 16) | (spec.WINDOW_SEND << 24), 8];
    const replies = bed.send(util.UTIL_ABORT, words, DEVICE_TID);
    expect(contexts(replies, spec.WINDOW_SEND)).toEqual([[8, ABORTED | 0x0c]]);
    expect(bed.module['sends'].waiting).toBe(1);
  });
});

it('its groups tell of its memory, and of what was done', () => {
  const bed = filled(100);
  segment(bed, 100);
  const info = groups.GROUP_WINDOW_INFO;
  const of = (name: string): number => {
    const field = info.fields.findIndex((candidate) => candidate.name === name);
    return bed.get(info.number, field).getUint32(0, true);
  };
  expect(of('transmitAddress')).toBe(bed.window());
  expect(of('framesHeld')).toBe(1);
  expect(of('framesMax')).toBe(bed.framesMax);
  expect(of('maxPacketBytes')).toBe(1514);
  const statistics = groups.GROUP_WINDOW_STATISTICS.number;
  expect(bed.get(statistics, 1).getUint32(0, true)).toBe(100);
  expect(bed.get(statistics, 5).getUint32(0, true)).toBe(1);
});

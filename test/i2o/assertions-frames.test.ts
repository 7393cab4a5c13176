/**
 * The assertions of frames, lists, target numbers and notifications, each tripped by the bug it guards
 * against.
 */
import { describe } from 'vitest';
import { allocateRegion } from '../../src/dma/region.ts';
import { faultAt } from '../../src/i2o/check-fault.ts';
import { creditWord } from '../../src/i2o/credit.ts';
import { Doorbell } from '../../src/i2o/doorbell.ts';
import * as f from '../../src/i2o/frame.ts';
import { checkFrameSize } from '../../src/i2o/frame-size.ts';
import { Interrupt } from '../../src/i2o/interrupt.ts';
import * as s from '../../src/i2o/list/sgl.ts';
import * as r from '../../src/i2o/list/sgl-reader.ts';
import { checkPageSizes } from '../../src/i2o/list/sgl-types.ts';
import { writeSocketSend } from '../../src/i2o/socket.gen.ts';
import {
  SOCKETS_MAX,
  socketNumbers,
  socketsOf,
  tagIdBits,
  writeStateEvent,
} from '../../src/i2o/socket-number.ts';
import { checkTids, DEVICE_TID, deviceOf, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import { type FrameProducer, NO_FRAME } from '../../src/i2o/transport.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { Clock } from '../../src/time/clock.ts';
import { trips } from '../rules/trips.ts';

const words = new Int32Array(4096);
const FRAME = 64;

describe('a message', () => {
  const send = (frame: number, sizeWords: number): void =>
    writeSocketSend(words, frame, DEVICE_TID, HOST_TID, 1, 2, 3, 0, 0, 0, 0, sizeWords);
  trips('frame size: it is a multiple of 64 bytes, the same in words', () => checkFrameSize(128, 31));
  trips('socket number: a tag has room for a count beside the number', () => tagIdBits(2 ** 31));
  trips('socket number: no more sockets are asked for than may be', () => socketNumbers(SOCKETS_MAX + 1));
  trips('socket number: numbers are of 24 bits', () => socketsOf(2 ** 24 + 1));
  trips('socket number: a state of TCP has four bits', () => writeStateEvent(words, FRAME, 1, 16, 1));
  trips('credit: a window grows by steps that a pair can tell', () => creditWord(1, 100));
  trips('frame size: a message is written into a frame that was acquired', () => send(NO_FRAME, 9));
  trips('frame size: a message has all its fields and ends within its frame', () => send(FRAME, 33));

  trips('frame: a failure record and a transaction error fit in one', () => f.checkRecords([9, 33]));

  const header = (target: number, flags: number, list: number): void =>
    f.writeHeader(words, FRAME, list, flags, 8, target, HOST_TID, 0x81, 0, 0);
  trips('frame: a list begins behind the header and within the message', () => header(DEVICE_TID, 0, 8));
  trips('frame: flags and function have eight bits', () => header(DEVICE_TID, 0x180, 0));
  trips('frame: target and initiator have twelve bits', () => header(-1, 0, 0));

  const failure = (severity: number, iopId: number, preserved: number): void =>
    f.writeFailure(words, FRAME, DEVICE_TID, HOST_TID, 0x81, 1, 2, severity, 1, iopId, 0, preserved);
  trips('frame: a failure record has a severity and a code', () => failure(0, 2, -1));
  trips('frame: a failure record names an IOP and a host unit', () =>
    failure(f.SEVERITY_CONGESTION, 0x1000, -1),
  );
  trips('frame: a failure record has the address of a preserved frame, or none', () => {
    failure(f.SEVERITY_CONGESTION, 2, 0);
  });

  const refusal = (status: number, byte: number): void =>
    f.writeTransactionError(words, FRAME, DEVICE_TID, HOST_TID, 0x81, 1, 2, status, byte);
  trips('frame: a transaction error says what is wrong by a status of 16 bits', () => refusal(0, 4));
  trips('frame: a transaction error points at a byte of the request', () => refusal(0x11, f.FRAME_BYTES));

  trips('check fault: a fault has a status', () => faultAt(0, 4, 0));
  trips('check fault: a fault lies at a bit of the message', () => faultAt(0x11, 4, 8));
});

describe('target numbers', () => {
  trips('tids: no two targets have one number', () => checkTids([IOP_TID, HOST_TID, IOP_TID]));
  trips('tids: every device of a card has a number of twelve bits', () => deviceOf(DEVICE_TID, 0xff0));
  trips('tids: a target has a number of twelve bits', () => checkTids([IOP_TID, 0x1000]));
});

describe('the lists we write', () => {
  const simple = (flags: number, count: number, address: number): number =>
    s.writeSglSimple(words, FRAME, flags, count, address);
  trips('sgl: a simple element goes in or out', () => simple(s.SGL_BUCKET, 4, 128));
  trips('sgl: a simple element has bytes, as many as a count holds', () => simple(s.SGL_SIMPLE_IN, 0, 128));
  trips('sgl: a simple element has an address', () => simple(s.SGL_SIMPLE_IN, 4, 0));

  const buffer = (flags: number, count: number, address: number): number =>
    s.writeSglContext(words, FRAME, flags, count, 1, address);
  trips('sgl: an element with a context is a bucket or a transmit buffer', () => {
    buffer(s.SGL_SIMPLE_OUT, 4, 128);
  });
  trips('sgl: a buffer has bytes, as many as a count holds', () => buffer(s.SGL_BUCKET, 1 << 24, 128));
  trips('sgl: a buffer has an address', () => buffer(s.SGL_TRANSMIT, 4, -128));

  trips('sgl: the fields of the class have sixteen bits', () => s.writeSglTransaction(words, FRAME, -1, 1));
  trips('sgl: immediate data has the flags of immediate data', () => {
    s.writeSglImmediate(words, FRAME, s.SGL_TRANSMIT, 4, 1);
  });
  trips('sgl: immediate data fits a frame', () => s.writeSglImmediate(words, FRAME, s.SGL_IMMEDIATE, 128, 1));

  trips('sgl: the message was found to end within its frame', () => {
    s.checkSgl(words, FRAME, 6, f.FRAME_WORDS + 1, s.SGL_ALLOW_ANY);
  });
  trips('sgl: a message with a list allows some kind of element', () => s.checkSgl(words, FRAME, 6, 9, 0));
  trips('sgl: an element is read by the shape it is written with', () =>
    s.checkShapes([[s.SGL_SIMPLE_IN, 0x14]]),
  );
  trips('sgl: every element we write ends its buffer', () => s.checkShapes([[0x14, 0x14]]));
});

/** A reader at the beginning of a list of one page list, which has two pages. */
function pages(): r.SglReader {
  const reader = new r.SglReader(words, [{ offset: 4096, byteLength: 4096 }]);
  words.set([(0xe0 << 24) | 8192, 4096, 8192], FRAME + 4);
  reader.open(FRAME, 4, 7, true);
  return reader;
}

/** A reader whose card memory is shorter than it thinks. */
function broken(fields: object): r.SglReader {
  return Object.assign(pages(), fields);
}

describe('the reader of lists', () => {
  trips('sgl types: page sizes are powers of two', () => checkPageSizes(64, 4095, 8192));
  trips('sgl types: the usual page size is one that a list may ask for', () => {
    checkPageSizes(8192, 4096, 16384);
  });
  trips('sgl reader: the memory the host may name lies in the region', () => {
    new r.SglReader(words, [{ offset: 4096, byteLength: 65536 }]);
  });
  trips('sgl reader: the host page that was agreed on is a power of two', () => {
    broken({ hostPageBytes: 1000 }).open(FRAME, 4, 7, true);
  });
  trips('sgl reader: a list lies behind the first word of its frame', () => pages().open(FRAME, 0, 7, true));
  trips('sgl reader: a list fits the memory it is copied to', () => pages().open(FRAME, 4, 400, true));
  trips('sgl reader: a list is copied from whole words of the region', () => {
    pages().open(words.length - 4, 2, 8, true);
  });
  trips('sgl reader: a page list is read to its end before the next element', () => {
    const reader = pages();
    reader.next();
    Object.assign(reader, { pageLeft: -4096, last: false });
    reader.next();
  });
  trips('sgl reader: the list was found to hold an address for every page', () => {
    const reader = pages();
    reader.next();
    Object.assign(reader, { end: 2 });
    reader.next();
  });
  trips('sgl reader: an element that yields a piece lies in the list', () => {
    const reader = pages();
    // The first page is read, as if the element had been found to end with the list.
    Object.assign(reader, { end: 1, pageLeft: 4096, at: 1 });
    (reader as unknown as { yieldPage(roomBytes: number): number }).yieldPage(4096);
  });
  trips('sgl reader: the contexts of an element lie in the list', () => {
    (pages() as unknown as { takeContext(at: number, count: number): void }).takeContext(2, 2);
  });
  trips('sgl reader: every list of a chain has its place in the record of those read', () => {
    words.set([((0x30 | s.SGL_LAST) << 24) | 8, 4096], FRAME + 4);
    const reader = broken({ chainStart: new Int32Array(1) });
    words.set([((0x30 | s.SGL_LAST) << 24) | 8, 4096], FRAME + 4);
    reader.open(FRAME, 4, 6, true);
    reader.next();
  });
  trips('sgl reader: a fault has a name', () => {
    (pages() as unknown as { fail(fault: number): number }).fail(0);
  });
});

describe('notifications', () => {
  const ledger = new Ledger(allocateRegion(LEDGER_BYTES + 128), 128);
  const waker = { wake: () => {} };
  /** A transport whose `publish` answers this. */
  const answering = (answer: number): FrameProducer =>
    ({ publish: () => answer }) as unknown as FrameProducer;
  const interrupt = (everyFrame = false): Interrupt => {
    const clock = new Clock();
    clock.set(0);
    return new Interrupt(ledger, waker, clock, { rxUsecs: 5, rxFrames: 4, everyFrame });
  };
  trips('doorbell: a publication is none, quiet or to be told', () => {
    new Doorbell(ledger, waker).publish(answering(3));
  });
  trips('interrupt: a publication is none, quiet or to be told', () => interrupt().publish(answering(-1)));
  trips('interrupt: one is held back if, and only if, it has its time', () => {
    const held = interrupt();
    held.publish(answering(2));
    Object.assign(held, { held: 0 });
    held.publish(answering(1));
  });
  trips('interrupt: nobody is told of a frame that was not shown', () => {
    const told = interrupt(true);
    Object.assign(told, { told: 1 });
    told.publish(answering(1));
  });
  trips('interrupt: none is held back beyond its count', () => {
    const held = interrupt();
    Object.assign(held, { countMax: 0 });
    held.publish(answering(2));
  });
});

/** A frame in words: what a stranger reads of requests, replies, lists, and of frames that cannot be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeFailure, writeTransactionError } from '../../src/i2o/frame.ts';
import {
  SGL_BUCKET,
  SGL_IMMEDIATE,
  SGL_LAST,
  writeSglContext,
  writeSglImmediate,
} from '../../src/i2o/list/sgl.ts';
import {
  REPLY_MODE_BATCH,
  SOCKET_CONNECT,
  SOCKET_OPTION_SET,
  writeReceiveRecord,
  writeSocketAcceptPost,
  writeSocketConnect,
  writeSocketConnectReply,
  writeSocketOptionSet,
  writeSocketReceiveCredit,
  writeSocketReceivePost,
  writeSocketReceivePostReply,
  writeSocketSend,
  writeSocketSendReply,
} from '../../src/i2o/socket.gen.ts';
import { TraceLines } from '../../src/report/trace-lines.ts';
import { type FrameEvent, TraceDecoder, type TraceEvent } from '../../src/trace/decode/decoder.ts';
import { EventFilter } from '../../src/trace/decode/filter.ts';
import { INBOUND, OUTBOUND } from '../../src/trace/sink.ts';
import { HEAD } from './calls.ts';

const DEVICE = 0x10;
const HOST = 1;

class Bed {
  readonly events: TraceEvent[] = [];
  readonly decoder = new TraceDecoder((event) => this.events.push(event));
  private readonly printer = new TraceLines();
  private timeNs = 0;

  constructor() {
    this.decoder.head(HEAD);
  }

  /** Tells a frame. @returns its text, without number and time. */
  frame(direction: number, fill: (words: Int32Array) => void): string {
    const words = new Int32Array(32);
    fill(words);
    this.decoder.frame(direction, (this.timeNs += 1000), 3, words, 0);
    return this.text(this.events.at(-1)!);
  }

  text(event: TraceEvent): string {
    this.printer.lines(this.events[0]);
    return this.printer
      .lines(event)
      .trimEnd()
      .split('\n')
      .map((line, i) => (i === 0 ? line.slice(25) : line.trim()))
      .join('\n');
  }

  get last(): FrameEvent {
    return this.events.at(-1) as FrameEvent;
  }
}

const connect = (words: Int32Array): void =>
  writeSocketConnect(words, 0, DEVICE, HOST, 2, 0x10007, 7, REPLY_MODE_BATCH, 0x7f000001, 80);

describe('a request in words', () => {
  it('has its fields by name, enumerations and addresses as people write them', () => {
    expect(new Bed().frame(INBOUND, connect)).toBe(
      '→  SocketConnect: socket 7, replyMode Batch, address 127.0.0.1, port 80 ' +
        '(7 words, slot 3, contexts 2 0x10007)',
    );
  });

  it('names options', () => {
    const text = new Bed().frame(INBOUND, (words) =>
      writeSocketOptionSet(words, 0, DEVICE, HOST, 1, 5, 7, REPLY_MODE_BATCH, 16, 1),
    );
    expect(text).toContain('option TCP_NODELAY, value 1');
  });

  it('shows immediate data', () => {
    const text = new Bed().frame(INBOUND, (words) => {
      writeSglImmediate(words, 6, SGL_IMMEDIATE | SGL_LAST, 5, 9);
      words[8] = 0x6c6c6568;
      words[9] = 0x6f;
      writeSocketSend(words, 0, DEVICE, HOST, 4, 0x10007, 7, 0, 1, 0, 0, 10);
    });
    expect(text).toMatch(/^→ {2}SocketSend: socket 7, replyMode Batch, more 1, urgent 0, record 0 /);
    expect(text).toMatch(/\nimmediate, 5 bytes, context 9, 68 65 6c 6c 6f$/);
  });

  it('tells buckets together, and one that lies elsewhere by its place', () => {
    const post = (second: number): string =>
      new Bed().frame(INBOUND, (words) => {
        writeSglContext(words, 4, SGL_BUCKET, 4096, 0, 131072);
        writeSglContext(words, 7, SGL_BUCKET | SGL_LAST, 4096, 1, second);
        writeSocketReceivePost(words, 0, DEVICE, HOST, 5, 2, 10);
      });
    expect(post(131072 + 4096)).toMatch(/\n2 buckets of 4096 bytes: 0 1$/);
    expect(post(131072 + 4100)).toMatch(/\nbucket, 4096 bytes, context 1, in receive buffer 1 \+ 4$/);
  });

  it('tells lists of numbers and of pairs', () => {
    const accepts = new Bed().frame(INBOUND, (words) => {
      words.set([3, 4, 5], 6);
      writeSocketAcceptPost(words, 0, DEVICE, HOST, 3, 1, 1, 3, 9);
    });
    expect(accepts).toMatch(/^→ {2}SocketAcceptPost: sockets 1 3 4 5 .*\nacceptedIds 3 4 5$/);
    const credits = new Bed().frame(INBOUND, (words) => {
      words.set([3, 1000], 5);
      writeSocketReceiveCredit(words, 0, DEVICE, HOST, 7, 0, 1, 0, 7);
    });
    expect(credits).toMatch(/\nsocket 3 has used 1000 bytes$/);
  });
});

describe('a reply in words', () => {
  it('names its request, and its socket', () => {
    const bed = new Bed();
    bed.frame(INBOUND, connect);
    const text = bed.frame(OUTBOUND, (words) =>
      writeSocketConnectReply(words, 0, DEVICE, HOST, 2, 0x10007, 0, 0, 7, 4000, 0x7f000001),
    );
    expect(text).toContain(
      'SocketConnect reply to 1: Success, socket 7, localPort 4000, localAddress 127.0.0.1',
    );
    expect(bed.last).toMatchObject({ number: 2, answers: 1, form: 'reply', status: 'Success' });
  });

  it('names the errno of one that failed, and leaves out what it does not say', () => {
    const bed = new Bed();
    bed.frame(INBOUND, connect);
    const text = bed.frame(OUTBOUND, (words) =>
      writeSocketConnectReply(words, 0, DEVICE, HOST, 2, 0x10007, 5, 111, 7, 0, 0),
    );
    expect(text).toContain('SocketConnect reply to 1: ErrorNoData ECONNREFUSED, socket 7 (');
  });

  it('names what is wrong with a request', () => {
    const bed = new Bed();
    const error = bed.frame(OUTBOUND, (words) =>
      writeTransactionError(words, 0, DEVICE, HOST, SOCKET_OPTION_SET, 1, 5, 0x11, 20),
    );
    expect(error).toContain('SocketOptionSet reply: TransactionError InvalidParameter, errorOffset 20');
    const failure = bed.frame(OUTBOUND, (words) =>
      writeFailure(words, 0, DEVICE, HOST, SOCKET_CONNECT, 2, 0x10007, 4, 0x85, 2, 0, -1),
    );
    expect(failure).toContain('SocketConnect could not be delivered,');
    expect(failure).toContain('severity PathState, failureCode StateError');
  });

  it('tells receive records, data, end and error', () => {
    const text = new Bed().frame(OUTBOUND, (words) => {
      writeReceiveRecord(words, 6, 2, 7, 0, 0x40, 100, 0);
      writeReceiveRecord(words, 10, -1, 7, 0, 2, 0, 0);
      writeReceiveRecord(words, 14, -1, 8, 0, 1, 0, 104);
      writeSocketReceivePostReply(words, 0, DEVICE, HOST, 5, 0, 0, 3, 6, 18);
    });
    expect(text.split('\n')).toEqual([
      '←  SocketReceivePost reply: Success, sockets 7 8, bucketsRemaining 6 (18 words, slot 3, contexts 5)',
      'socket 7: 100 bytes at 0 of bucket 2, LastInBucket',
      'socket 7: EndOfStream',
      'socket 8: Error ECONNRESET',
    ]);
  });

  it('knows whose the contexts are that come back', () => {
    const bed = new Bed();
    bed.frame(INBOUND, (words) => {
      writeSglImmediate(words, 6, SGL_IMMEDIATE | SGL_LAST, 4, 9);
      writeSocketSend(words, 0, DEVICE, HOST, 4, 0x10007, 7, 0, 0, 0, 0, 9);
    });
    bed.frame(OUTBOUND, (words) => {
      words[5] = 9;
      writeSocketSendReply(words, 0, DEVICE, HOST, 4, 0, 0, 1, 0, 6);
    });
    expect(bed.last.contexts).toEqual([9]);
    expect(bed.last.sockets).toEqual([7]);
  });
});

describe('a frame that cannot be', () => {
  it.each([
    ['no size', [0x00000001, 0x85001010 | 0, 0, 0], 'size of 0 words'],
    ['a size beyond the frame', [0x00ff0001, 0x85001010 | 0, 0, 0], 'size of 255 words in a frame of 32'],
    ['another version', [0x00070002, 0x85001010 | 0, 0, 0], 'version 2'],
    ['too few words', [0x00050001, 0x85001010 | 0, 0, 0], '5 words where 7 are needed'],
    ['an unknown function', [0x00050001, 0x77001010, 0, 0], 'unknown function'],
    [
      'a list that runs out',
      [0x00080061, 0x89001010 | 0, 0, 0, 0, 0, 0x4c000040],
      'immediate element runs past the message',
    ],
  ])('%s is told as a trouble', (_, words, trouble) => {
    const bed = new Bed();
    expect(bed.frame(INBOUND, (frame) => frame.set(words as number[]))).toMatch(/ !! /);
    expect(bed.last.trouble).toBe(trouble);
  });

  it('is never more than a trouble', () => {
    const bed = new Bed();
    fc.assert(
      fc.property(
        fc.constantFrom(INBOUND, OUTBOUND),
        fc.int32Array({ minLength: 32, maxLength: 32 }),
        fc.nat(40),
        fc.constantFrom(0x80, 0x82, 0x84, 0x85, 0x86, 0x89, 0x8b, 0xa1, 0xa3, 0x01, 0x06, 0x13),
        (direction, noise, size, code) => {
          const text = bed.frame(direction, (words) => {
            words.set(noise);
            words[0] = (noise[0] & 0xfff8) | 1 | (size << 16);
            words[1] = (noise[1] & 0xfff) | 0x1000 | (code << 24);
          });
          expect(text).toMatch(/^[→←]/);
          bed.events.length = 1;
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a filter', () => {
  const bed = new Bed();
  bed.frame(INBOUND, connect);
  bed.decoder.notification(0, 1500);
  bed.frame(OUTBOUND, (words) => writeSocketConnectReply(words, 0, DEVICE, HOST, 2, 0x10007, 0, 0, 7, 1, 1));
  bed.decoder.owner(OUTBOUND, 2000, 3, 1);
  bed.frame(INBOUND, (words) => writeSocketOptionSet(words, 0, DEVICE, HOST, 1, 5, 8, 0, 16, 1));
  const all = {
    sockets: [],
    messages: [],
    fromNs: 0,
    toNs: 1e9,
    firstFrame: 0,
    lastFrame: 1e9,
    all: false,
  };
  const types = (filter: Partial<typeof all> | object): string[] => {
    const chosen = new EventFilter({ ...all, ...filter });
    return bed.events.filter((event) => chosen.wants(event)).map(({ type }) => type);
  };

  it.each([
    [{}, ['head', 'frame', 'doorbell', 'frame', 'frame']],
    [{ all: true }, ['head', 'frame', 'doorbell', 'frame', 'owner', 'frame']],
    [{ sockets: [7] }, ['head', 'frame', 'frame']],
    [{ sockets: [9] }, ['head']],
    [{ messages: ['SocketOptionSet'] }, ['head', 'frame']],
    [{ fromNs: 1500, toNs: 2000 }, ['head', 'doorbell', 'frame']],
    [{ firstFrame: 1, lastFrame: 1 }, ['head', 'frame', 'doorbell']],
  ])('%j', (filter, expected) => {
    expect(types(filter)).toEqual(expected);
  });
});

/**
 * What went wrong with formats of I2O messages in practice, each as a test of ours: one proof of each, that
 * can fail.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as executive from '../../src/i2o/executive.gen.ts';
import {
  checkReplyFrame,
  FLAG_REPLY,
  FRAME_WORDS,
  frameFlags,
  frameFunction,
  frameInitiatorContext,
  frameSglOffset,
  frameSizeWords,
  frameTransactionContext,
  frameVersion,
  getFailureSeverity,
  SEVERITY_CONGESTION,
  SEVERITY_FORMAT_ERROR,
  SEVERITY_PATH_ERROR,
  SEVERITY_PATH_STATE,
  writeFailure,
} from '../../src/i2o/frame.ts';
import * as lan from '../../src/i2o/lan.gen.ts';
import {
  SGL_IMMEDIATE,
  SGL_LAST,
  SGL_SIMPLE_IN,
  SGL_SIMPLE_OUT,
  SGL_TRANSMIT,
  writeSglContext,
  writeSglImmediate,
  writeSglSimple,
} from '../../src/i2o/list/sgl.ts';
import * as socket from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import * as utility from '../../src/i2o/utility.gen.ts';
import * as window from '../../src/i2o/window.gen.ts';
import { HANDLER_CONTROL, HANDLER_EVENT } from '../../src/osm/message/handlers.ts';
import { replyErrno, severityErrno } from '../../src/osm/message/reply-status.ts';
import { SOCK_DGRAM } from '../../src/socket/contract.ts';
import { EAGAIN, ENETDOWN, EPROTO } from '../../src/socket/errno.ts';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import { ScriptedCard } from '../osm/scripted-card.ts';
import { operationalCard } from './operational-card.ts';
import { VectorCard } from './vector-card.ts';
import { vectorFiles, wordsOf } from './vectors.ts';

const codecs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  executive,
  lan,
  socket,
  utility,
  window,
};

/** Frame memory that can be written and not read. @param writes how often each word was. */
function writeOnly(writes: Map<number, number>): Int32Array {
  return new Proxy(new Int32Array(FRAME_WORDS), {
    get: () => {
      throw new Error('frame memory was read');
    },
    set: (_target, word) => {
      writes.set(Number(word), (writes.get(Number(word)) ?? 0) + 1);
      return true;
    },
  });
}

describe('7: severity bits are misread', () => {
  it('congestion is bit 3 of the byte, and alone it is worth another try', () => {
    const record = new Int32Array(FRAME_WORDS);
    for (const severity of [
      SEVERITY_FORMAT_ERROR,
      SEVERITY_PATH_ERROR,
      SEVERITY_PATH_STATE,
      SEVERITY_CONGESTION,
    ]) {
      writeFailure(record, 0, DEVICE_TID, HOST_TID, 0x81, 0, 0, severity, 0x83, 0, 0, -1);
      expect(record[4] & 0x00ff0000).toBe(severity << 16);
      expect(getFailureSeverity(record, 0)).toBe(severity);
      expect(replyErrno(record, 0)).toBe(severityErrno(severity));
    }
    expect(SEVERITY_CONGESTION).toBe(8);
    expect([1, 2, 4, 8].map(severityErrno)).toEqual([EPROTO, ENETDOWN, ENETDOWN, EAGAIN]);
  });
});

describe('9: the size of a batch’s elements is ignored', () => {
  it('the longest list of every message ends within its frame, by the size of its own elements', () => {
    let lists = 0;
    for (const { vectors } of vectorFiles()) {
      for (const vector of vectors.filter(({ id }) => id.endsWith('/list-most'))) {
        const words = wordsOf(vector);
        expect(words.length).toBeLessThanOrEqual(FRAME_WORDS);
        expect(words[0] >>> 16).toBe(words.length);
        lists += 1;
      }
    }
    expect(lists).toBeGreaterThan(4);
  });

  it('and the driver’s batches, of elements of several sizes, too', () => {
    const card = new ScriptedCard({ batchSends: true });
    const numbers = [card.connect(), card.connect(), card.connect()];
    for (let i = 0; i < 60; i++) {
      card.sockets.send(numbers[i % 3], new Uint8Array(2048), 0, ((i * 37) % 200) + 1);
    }
    card.host.driver.poll();
    const sends = card.takenOf(socket.SOCKET_SEND);
    expect(sends.length).toBeGreaterThan(0);
    for (const request of sends) expect(frameSizeWords(request, 0)).toBeLessThanOrEqual(FRAME_WORDS);
  });
});

describe('11: word 4 is no status in every reply', () => {
  it('so function and flags are looked at first', () => {
    const reply = new Int32Array(FRAME_WORDS);
    utility.writeUtilAbortReply(reply, 0, DEVICE_TID, HOST_TID, HANDLER_CONTROL, 1, 0x05000003);
    expect(replyErrno(reply, 0)).toBe(0);
    utility.writeUtilEventRegisterReply(reply, 0, DEVICE_TID, HOST_TID, HANDLER_EVENT, 1, 0x05000062, 0);
    expect(replyErrno(reply, 0)).toBe(0);
    writeFailure(reply, 0, DEVICE_TID, HOST_TID, 0x83, 1, 1, SEVERITY_FORMAT_ERROR, 1, 0, 0, -1);
    expect(replyErrno(reply, 0)).toBe(EPROTO);
  });
});

describe('12: masks and pointers slip', () => {
  it('each accessor reads its own bits and no others', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (word0, word1) => {
        const frame = Int32Array.of(word0, word1, 0, 0, 0);
        const again =
          frameVersion(frame, 0) |
          (word0 & 8) |
          (frameSglOffset(frame, 0) << 4) |
          (frameFlags(frame, 0) << 8) |
          (frameSizeWords(frame, 0) << 16);
        expect(again).toBe(word0);
        expect(frameFunction(frame, 0)).toBe(word1 >>> 24);
      }),
    );
  });

  it('only a frame with REPLY is a reply', () => {
    for (let flags = 0; flags < 256; flags++) {
      const good = checkReplyFrame(Int32Array.of(1 | (flags << 8) | (9 << 16), 0, 0, 0, 0), 0) === 0;
      expect(good).toBe((flags & FLAG_REPLY) !== 0 && (flags & 3) === 0);
    }
  });
});

describe('15: frame memory is read and written back', () => {
  it('no writer of a message or an element reads any of it', () => {
    let writers = 0;
    for (const codec of Object.values(codecs)) {
      for (const [name, write] of Object.entries(codec)) {
        if (!/^write/.test(name)) continue;
        expect(
          () => (write as (...a: unknown[]) => void)(writeOnly(new Map()), 0, ...Array(20).fill(FRAME_WORDS)),
          name,
        ).not.toThrow();
        writers += 1;
      }
    }
    writeSglSimple(writeOnly(new Map()), 0, SGL_SIMPLE_OUT | SGL_LAST, 4, 4);
    writeSglContext(writeOnly(new Map()), 0, SGL_TRANSMIT, 4, 4, 4);
    writeSglImmediate(writeOnly(new Map()), 0, SGL_IMMEDIATE, 4, 4);
    expect(writers).toBeGreaterThan(40);
  });
});

describe('18: OutboundInit’s reclaim list is IGNORE where it is not wanted', () => {
  it.each([
    ['no second element', 0],
    ['an IGNORE element', (SGL_LAST << 24) | 0],
    ['a reclaim list', ((SGL_SIMPLE_IN | SGL_LAST) << 24) | 64],
  ])('the card is content with %s', (_what, second) => {
    const card = new VectorCard();
    const { words } = card.bare.region;
    const at = card.bare.memory.layout.control;
    card.bare.post((w, f) => {
      executive.writeExecOutboundInit(
        w,
        f,
        IOP_TID,
        HOST_TID,
        0,
        0,
        4096,
        0x80,
        FRAME_WORDS,
        second === 0 ? 8 : 10,
      );
      w[f + 6] = ((second === 0 ? SGL_SIMPLE_IN | SGL_LAST : SGL_SIMPLE_IN) << 24) | 4;
      w[f + 7] = at;
      w[f + 8] = second;
      w[f + 9] = at + 128;
      if ((second & 0xffffff) === 0 && second !== 0) w[f] = (w[f] & 0xffff) | (9 << 16);
    });
    card.bare.run();
    expect(words[at >> 2]).toBe(4); // COMPLETE
  });
});

describe('20: a body word is written twice, and its neighbour never', () => {
  it('every writer writes each word up to its size once', () => {
    for (const { messages, name: className } of CATALOGUE.classes) {
      for (const { name, request, reply } of messages) {
        for (const [suffix, layout] of [
          ['', request],
          ['Reply', reply],
        ] as const) {
          if (layout === undefined) continue;
          const writes = new Map<number, number>();
          (codecs[className][`write${name}${suffix}`] as (...a: unknown[]) => void)(
            writeOnly(writes),
            0,
            ...Array(20).fill(FRAME_WORDS),
          );
          const all = Array.from({ length: layout.words }, (_, word) => [word, 1]);
          expect(
            [...writes].sort(([a], [b]) => a - b),
            name + suffix,
          ).toEqual(all);
        }
      }
    }
  });
});

describe('21: headers disagree', () => {
  it('ours are the SIG’s, number for number', () => {
    expect(utility.CLAIM_TYPE_NAMES).toEqual({
      1: 'Primary',
      2: 'Authorized',
      3: 'Secondary',
      4: 'Management',
    });
    expect(executive.REQUEST_STATUS_NAMES[0x0b]).toBe('TransactionError');
    expect(executive.REQUEST_STATUS_NAMES[0x08] ?? 'ProcessAbortDirty').toBe('ProcessAbortDirty');
    expect(executive.DETAILED_STATUS_UNKNOWN_FUNCTION).toBe(0x19);
  });

  it('and versions that differ are settled when card and driver meet', () => {
    const old = new ScriptedCard({}, 1);
    expect(old.sockets.socket(SOCK_DGRAM)).toBeLessThan(0);
    expect(new ScriptedCard({}, 2).sockets.socket(SOCK_DGRAM)).toBeGreaterThanOrEqual(0);
  });
});

describe('22: code nobody has ever run', () => {
  it('every message has vectors both ways, and every field is in one', () => {
    const vectors = vectorFiles().flatMap((file) => file.vectors);
    for (const { messages } of CATALOGUE.classes) {
      for (const { name, request, reply } of messages) {
        const own = vectors.filter(({ message }) => message === name);
        const fields = (kind: string): Set<string> =>
          new Set(
            own.filter((vector) => vector.kind === kind).flatMap((vector) => Object.keys(vector.fields)),
          );
        expect([...fields('request')].sort(), name).toEqual(request.fields.map((field) => field.name).sort());
        expect([...fields('reply')].sort(), name).toEqual(
          (reply?.fields ?? []).map((field) => field.name).sort(),
        );
      }
    }
  });
});

describe('23: a context is thought to be a pointer, or to be positive', () => {
  it('any 32 bits come back as they were', () => {
    const card = operationalCard();
    for (const context of [0, -1, 0x7fffffff, 0x80000000 | 0, 0x80008000 | 0, 0xdeadbeef | 0]) {
      card.bare.post((w, f) => socket.writeSocketStatusGet(w, f, DEVICE_TID, HOST_TID, ~context, context, 3));
      const [reply] = card.bare.run();
      expect(frameTransactionContext(reply!, 0)).toBe(context);
      expect(frameInitiatorContext(reply!, 0)).toBe(~context);
    }
  });
});

/**
 * What went wrong with I2O cards and their drivers in practice, each as a test of this card and this driver.
 * Details are tested where they belong (test/osm, test/i2o, test/iop); here is one proof of each, that can
 * fail.
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
import {
  SGL_IMMEDIATE,
  SGL_LAST,
  SGL_SIMPLE_IN,
  SGL_SIMPLE_OUT,
  SGL_TOO_LARGE,
  SGL_TRANSMIT,
  writeSglContext,
  writeSglImmediate,
  writeSglSimple,
} from '../../src/i2o/list/sgl.ts';
import {
  SGL_CHAIN_DEPTH_MAX,
  SGL_FAULT,
  SGL_FRAGMENTS_MAX,
  SglReader,
} from '../../src/i2o/list/sgl-reader.ts';
import * as socket from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import * as utility from '../../src/i2o/utility.gen.ts';
import { REPLY_RESERVE } from '../../src/iop/reply/outbound.ts';
import { parseOffloadRule } from '../../src/node/offload-rule.ts';
import { EVENTS_MAX } from '../../src/osm/message/device-events.ts';
import { HANDLER_CONTROL, HANDLER_EVENT } from '../../src/osm/message/handlers.ts';
import { replyErrno, severityErrno } from '../../src/osm/message/reply-status.ts';
import { SOCK_DGRAM } from '../../src/socket/contract.ts';
import { EADDRINUSE, EAGAIN, ENETDOWN, EPROTO } from '../../src/socket/errno.ts';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { Fifos } from '../i2o/fifo-bed.ts';
import { ScriptedCard } from '../osm/scripted-card.ts';
import { PatternReceiver, PatternSender } from '../world/transfer.ts';
import { VectorCard } from './vector-card.ts';
import { vectorFile, vectorFiles, wordsOf } from './vectors.ts';

const ERROR_NO_DATA = 5 << 24;
const codecs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = { executive, socket, utility };

/** A card brought up by the vectors' own frames. */
function operationalCard(): VectorCard {
  const card = new VectorCard();
  card.bring(vectorFile('socket.json'), 'operational');
  return card;
}

describe('1: the card hangs', () => {
  it('and the driver waits no longer than it was told, nor tries for ever', () => {
    const card = new ScriptedCard({ controlTimeoutNs: 3e8 });
    const socketId = card.sockets.socket();
    const startNs = card.clock.nowNs;
    expect(card.sockets.bind(socketId, 0, 80)).toBe(-ENETDOWN);
    expect(card.clock.nowNs - startNs).toBeLessThan(1e9);
    expect(card.takenOf(socket.SOCKET_BIND)).toHaveLength(1);
  });
});

describe('2: the outbound port is spuriously empty', () => {
  it('and the reply behind it is found all the same', () => {
    const fifos = new Fifos();
    fifos.replies.supply();
    fifos.reply(5);
    fifos.cardReplies.publish();
    fifos.port.spuriousEmpties = 1;
    expect(fifos.takeReply()).toBe(5);
  });
});

describe('3: the reply arrives after the host has given up', () => {
  it('and answers nobody else', () => {
    const card = new ScriptedCard({ controlTimeoutNs: 1e8 });
    const socketId = card.sockets.socket();
    card.sockets.bind(socketId, 0, 80);
    const [late] = card.takenOf(socket.SOCKET_BIND);
    card.onRequest = (request) => {
      card.onRequest = () => {};
      card.status(late!, 0, 0, 80);
      card.status(request, ERROR_NO_DATA | EADDRINUSE);
    };
    expect(card.sockets.bind(socketId, 0, 81)).toBe(-EADDRINUSE);
    expect(card.counters['lateReplies']).toBe(1);
  });
});

describe('4: the host leaks a frame on its error path', () => {
  it.each(['ring', 'fifo'])('never over the %s: a frame not posted is given back', (transport) => {
    if (transport === 'fifo') {
      const fifos = new Fifos(3, 3);
      for (let i = 0; i < 20; i++) {
        expect(fifos.requests.acquire()).not.toBe(NO_FRAME);
        fifos.requests.cancel();
      }
      fifos.requests.surrender();
      while (fifos.takeRequest() !== undefined);
      fifos.cardRequests.publish();
      expect(fifos.cardRequests.freeFrames).toBe(3);
      return;
    }
    const card = new ScriptedCard();
    const connected = card.connect();
    const free = card.host.requests.framesFree;
    const wrong = [
      () => card.sockets.send(connected + 1, new Uint8Array(9), 0, 9),
      () => card.sockets.listen(connected, 3),
    ];
    for (let i = 0; i < 100; i++) for (const call of wrong) expect(call()).toBeLessThan(0);
    card.take();
    expect(card.host.requests.framesFree).toBe(free);
  });
});

describe('5: a frame is returned to the wrong FIFO', () => {
  it('and refused there, since its address says which way it goes', () => {
    const fifos = new Fifos(4, 4);
    fifos.port.writeOutbound(fifos.port.readInbound());
    expect(fifos.cardReplies.available(4)).toBe(0);
    expect(fifos.card('mfaWrongDirection')).toEqual([1]);
  });
});

describe('6: FAIL is left to every user of the driver', () => {
  it('but handled in one place: the call has its errno, the preserved frame goes home as a NOP', () => {
    const card = new ScriptedCard();
    card.onRequest = (request) => {
      if (frameFunction(request, 0) !== socket.SOCKET_BIND) return;
      const context = frameTransactionContext(request, 0);
      card.reply((w, f) =>
        writeFailure(
          w,
          f,
          DEVICE_TID,
          HOST_TID,
          socket.SOCKET_BIND,
          HANDLER_CONTROL,
          context,
          SEVERITY_PATH_STATE,
          0x85,
          0,
          0,
          -1,
        ),
      );
    };
    expect(card.sockets.bind(card.sockets.socket(), 0, 80)).toBe(-ENETDOWN);
    expect(card.counters['failuresTaken']).toBe(1);
    const fifos = new Fifos(2);
    fifos.request(1);
    fifos.cardRequests.receive();
    const mfa = fifos.cardRequests.preserve(0);
    fifos.cardRequests.release();
    fifos.requests.adopt(mfa);
    fifos.requests.cancel();
    expect(fifos.takeRequest()).toBe(0x00030001);
  });
});

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

describe('8: counters are bumped before there is a frame', () => {
  it('but not here: without one, nothing is counted and nothing taken', () => {
    const card = new ScriptedCard();
    const connected = card.connect();
    const { requests, transmit } = card.host;
    while (requests.framesFree > 0) requests.shutdown(requests.acquire(), 7, 1);
    const before = card.counters;
    expect(card.sockets.send(connected, new Uint8Array(9), 0, 9)).toBe(-EAGAIN);
    expect(card.counters['bytesSent']).toBe(before['bytesSent']);
    expect(card.counters['inboundPosted']).toBe(before['inboundPosted']);
    expect(transmit.inUse).toBe(0);
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

describe('10: one bad element ends the whole reply', () => {
  it('but here only itself: the contexts beside it come home', () => {
    const card = new ScriptedCard();
    const connected = card.connect();
    for (let i = 0; i < 3; i++) card.sockets.send(connected, new Uint8Array(1000), 0, 1000);
    const lent = card.takenOf(socket.SOCKET_SEND).map((request) => request[7]);
    expect(card.host.transmit.inUse).toBe(3);
    card.contexts(lent[0], 15, lent[1], lent[2]);
    expect(card.host.transmit.inUse).toBe(0);
    expect(card.counters['outboundRefused']).toBe(1);
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

describe('13: a shared pool of frames deadlocks', () => {
  it('the card takes a request only while frames for its answers are free, and loses none', () => {
    const card = operationalCard();
    const frames = card.bare.memory.layout.outboundFrames;
    const posted = 2 * frames - REPLY_RESERVE;
    let sent = 0;
    const answered: number[] = [];
    for (let round = 0; round < 100 && answered.length < posted; round++) {
      while (
        sent < posted &&
        card.bare.post((w, f) => socket.writeSocketStatusGet(w, f, DEVICE_TID, HOST_TID, 7, sent, 3))
      )
        sent += 1;
      for (let turn = 0; turn < 20; turn++) card.bare.parts.processor.poll(); // nobody takes the replies
      for (const reply of card.bare.run()) answered.push(frameTransactionContext(reply, 0));
    }
    expect(answered).toEqual(Array.from({ length: posted }, (_, i) => i));
  });
});

describe('14: the queue’s depth is guessed', () => {
  it('each card says its own, and a host that fills it waits', () => {
    const card = operationalCard();
    const { layout } = card.bare.memory;
    const at = layout.control >> 2;
    card.bare.post((w, f) =>
      executive.writeExecStatusGet(w, f, IOP_TID, HOST_TID, 0, 0, layout.control, 0, 88),
    );
    card.bare.run();
    expect(executive.getStatusBlockMaxInboundFrames(card.bare.region.words, at)).toBe(layout.inboundFrames);
    let posted = 0;
    while (card.bare.post((w, f) => socket.writeSocketStatusGet(w, f, DEVICE_TID, HOST_TID, 7, posted, 3)))
      posted += 1;
    expect(posted).toBe(layout.inboundFrames);
    expect(card.bare.run()).toHaveLength(posted);
  });
});

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

describe('16: chains and long lists are not taken as they are said to be', () => {
  it('up to the limits every list is read, past them it is refused', () => {
    const words = new Int32Array(4096);
    const area = { offset: 4096, byteLength: 8192 };
    const read = (chains: number): number => {
      const reader = new SglReader(words, [area]);
      let list = 4;
      for (let depth = 0; depth < chains; depth++) {
        const next = area.offset + depth * 64;
        words[list] = ((0x30 | SGL_LAST) << 24) | 8;
        words[list + 1] = next;
        list = next >> 2;
      }
      writeSglSimple(words, list, SGL_SIMPLE_OUT | SGL_LAST, 4, 8192);
      reader.open(0, 4, 6, false);
      let kind = reader.next();
      while (kind > 0) kind = reader.next();
      return kind === SGL_FAULT ? reader.fault : 0;
    };
    expect(read(0)).toBe(0);
    expect(read(SGL_CHAIN_DEPTH_MAX)).toBe(0);
    expect(read(SGL_CHAIN_DEPTH_MAX + 1)).not.toBe(0);
    expect(SGL_FRAGMENTS_MAX).toBeGreaterThan(8);
    expect(SGL_TOO_LARGE).toBe(executive.DETAILED_STATUS_CHAIN_BUFFER_TOO_LARGE);
  });
});

describe('17: cards have quirks of state', () => {
  /** The state in the status block. */
  const stateOf = (card: VectorCard): number => {
    const { region, memory } = card.bare;
    const { control } = memory.layout;
    card.bare.post((w, f) => executive.writeExecStatusGet(w, f, IOP_TID, HOST_TID, 0, 0, control, 0, 88));
    card.bare.run();
    return executive.getStatusBlockIopState(region.words, control >> 2);
  };

  it('ours may be reset without being quiesced, and says RESET', () => {
    const card = operationalCard();
    expect(stateOf(card)).toBe(executive.IOP_STATE_OPERATIONAL);
    const at = card.bare.memory.layout.control + 1024;
    card.bare.post((w, f) => executive.writeExecIopReset(w, f, IOP_TID, HOST_TID, 0, 0, at, 0));
    card.bare.run();
    expect(card.bare.region.words[at >> 2]).toBe(1); // in progress, and no refusal
    expect(stateOf(card)).toBe(executive.IOP_STATE_RESET);
  });

  it('and goes on answering after IopClear', () => {
    const card = operationalCard();
    card.bare.post((w, f) => executive.writeExecIopClear(w, f, IOP_TID, HOST_TID, 5, 6));
    expect(card.bare.run().map((reply) => frameTransactionContext(reply, 0))).toEqual([6]);
    expect(stateOf(card)).toBe(executive.IOP_STATE_HOLD);
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

describe('19: events are lost without a word', () => {
  it('but here the reader is told how many, so that it can look for itself', () => {
    const card = new ScriptedCard();
    const { device } = card.sockets;
    device.registerEvents(1);
    for (let i = 0; i < EVENTS_MAX + 5; i++) {
      card.reply((w, f) =>
        utility.writeUtilEventRegisterReply(w, f, DEVICE_TID, HOST_TID, HANDLER_EVENT, 1, 1, i),
      );
      card.host.driver.poll();
    }
    const event = { indicator: -1, data: -1 };
    expect(device.nextEvent(event)).toBe(true);
    expect(event).toEqual({ indicator: 0, data: 5 });
    expect(device.nextEvent(event)).toBe(true);
    expect(event).toEqual({ indicator: 1, data: 5 });
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

describe('24: two drivers take one card', () => {
  it('but only one of them can be its primary user', () => {
    const card = operationalCard();
    const claim = (context: number): number => {
      card.bare.post((w, f) => utility.writeUtilClaim(w, f, DEVICE_TID, HOST_TID, 9, context, 1, 1));
      const [reply] = card.bare.run();
      return reply![4];
    };
    expect(claim(1)).toBe(0);
    expect(claim(2)).toBe(ERROR_NO_DATA | executive.DETAILED_STATUS_DEVICE_BUSY);
  });
});

describe('25: a message layer adds latency', () => {
  it('a cost for each message can be set, and the transfer takes the longer for it', () => {
    const elapsed = (costNs: number): number => {
      const world = new VirtualWorld({ cards: [{ packetSlots: 128 }], hostCosts: { inboundPosted: costNs } });
      const [card] = world.cards;
      const receiver = new PatternReceiver(card!.stack, 80);
      const sender = new PatternSender(card!.stack, card!.config.stack.address, 80, 1 << 16, 1024);
      card!.start({ step: () => sender.step() + receiver.step() });
      expect(world.run(() => receiver.ended, 10e9)).toBe(true);
      return world.clock.nowNs;
    };
    expect(elapsed(5000)).toBeGreaterThan(elapsed(0) + 64 * 5000);
  });
});

describe('26: the host’s work for each operation is what counts', () => {
  it('a megabyte costs the host a copy each way, few messages and fewer notifications', () => {
    const world = new VirtualWorld({ cards: [{ packetSlots: 128 }] });
    const [card] = world.cards;
    const receiver = new PatternReceiver(card!.stack, 80);
    const sender = new PatternSender(card!.stack, card!.config.stack.address, 80, 1 << 20);
    card!.start({ step: () => sender.step() + receiver.step() });
    expect(world.run(() => receiver.ended, 10e9)).toBe(true);
    const host = card!.host.ledger.snapshot();
    expect(host['sendCopiesBytes']).toBe(1 << 20);
    expect(host['inboundPosted']).toBeLessThan(256);
    expect(host['doorbells']).toBeLessThanOrEqual(host['inboundPosted']);
  });
});

describe('27: not everybody wants the network offloaded', () => {
  it('a rule says which sockets go to the card; the rest stay with the kernel', () => {
    const rule = parseOffloadRule('port 8080 and not host 10.0.0.2');
    expect(rule.matches(0x0a000001, 8080)).toBe(true);
    expect(rule.matches(0x0a000002, 8080)).toBe(false);
    expect(rule.matches(0x0a000001, 22)).toBe(false);
    expect(parseOffloadRule('none').matches(0x0a000001, 8080)).toBe(false);
  });
});

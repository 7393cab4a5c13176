/**
 * What went wrong with I2O cards in practice, each as a test of this card: one proof of each, that can
 * fail.
 */
import { describe, expect, it } from 'vitest';
import * as executive from '../../src/i2o/executive.gen.ts';
import { frameTransactionContext } from '../../src/i2o/frame.ts';
import { SGL_LAST, SGL_SIMPLE_OUT, SGL_TOO_LARGE, writeSglSimple } from '../../src/i2o/list/sgl.ts';
import {
  SGL_CHAIN_DEPTH_MAX,
  SGL_FAULT,
  SGL_FRAGMENTS_MAX,
  SglReader,
} from '../../src/i2o/list/sgl-reader.ts';
import * as socket from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import * as utility from '../../src/i2o/utility.gen.ts';
import { REPLY_RESERVE } from '../../src/iop/reply/outbound.ts';
import { parseOffloadRule } from '../../src/node/offload-rule.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { Fifos } from '../i2o/fifo-bed.ts';
import { PatternReceiver, PatternSender } from '../world/transfer.ts';
import { operationalCard } from './operational-card.ts';
import type { VectorCard } from './vector-card.ts';

const ERROR_NO_DATA = 5 << 24;

describe('5: a frame is returned to the wrong FIFO', () => {
  it('and refused there, since its address says which way it goes', () => {
    const fifos = new Fifos(4, 4);
    fifos.port.writeOutbound(fifos.port.readInbound());
    expect(fifos.cardReplies.available(4)).toBe(0);
    expect(fifos.card('mfaWrongDirection')).toEqual([1]);
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

/**
 * I2O's four FIFOs: what the host's port accesses do, and the conformance points of the notes, section 10, 1
 * to 7.
 */
import { describe, expect, it } from 'vitest';
import {
  type FrameCounts,
  fifoSize,
  INBOUND_FREE,
  OUTBOUND_FREE,
  OUTBOUND_POST,
  queueWord,
} from '../../src/i2o/queues/fifo/fifo-layout.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { Fifos } from './fifo-bed.ts';

const EMPTY = 0xffffffff;

describe('the layout', () => {
  it('has four FIFOs of one size, one behind the other, then the inbound frames', () => {
    const { layout } = new Fifos(5, 20);
    expect(fifoSize(layout)).toBe(32);
    const starts = [INBOUND_FREE, 1, OUTBOUND_POST, OUTBOUND_FREE].map((queue) => queueWord(layout, queue));
    expect(starts.map((word) => word - starts[0])).toEqual([0, 32, 64, 96]);
    expect(layout.unit % 4096).toBe(0);
  });

  it('has no number that names a frame both ways', () => {
    const fifos = new Fifos(64, 64);
    expect(fifos.inboundMfa(63)).toBeLessThan(fifos.outboundMfa(0));
    expect(fifos.inboundMfa(0)).toBeGreaterThan(0);
  });

  it.each([0, 1, 65537, 2.5])('refuses %d frames', (frames) => {
    const counts: FrameCounts = { inboundFrames: frames, outboundFrames: 4 };
    expect(() => fifoSize(counts)).toThrow(RangeError);
  });
});

describe('1: a frame given back unused', () => {
  it('is a NOP of three words, as the notes encode it', () => {
    const fifos = new Fifos();
    expect(fifos.requests.available(2)).toBe(2);
    fifos.requests.acquire();
    fifos.requests.cancel(); // one is read ahead still, so this one goes back
    const at = fifos.cardRequests.receive();
    expect([...fifos.words.subarray(at, at + 3)]).toEqual([0x00030001, 0x00001000, 0]);
    expect(fifos.host('nops', 'inboundPosted')).toEqual([1, 1]);
  });

  it('is kept for the next request if it is the only one', () => {
    const fifos = new Fifos();
    const frame = fifos.requests.acquire();
    fifos.requests.cancel();
    expect(fifos.requests.acquire()).toBe(frame);
    expect(fifos.host('nops', 'portReads', 'portWrites')).toEqual([0, 1, 0]);
  });
});

describe('2: the inbound port', () => {
  it('gives each frame once, and 0xFFFFFFFF when there is none', () => {
    const fifos = new Fifos(3);
    const read = [1, 2, 3, 4].map(() => fifos.port.readInbound() >>> 0);
    expect(read).toEqual([fifos.inboundMfa(0), fifos.inboundMfa(1), fifos.inboundMfa(2), EMPTY]);
    expect(fifos.host('portReads', 'portEmptyReads')).toEqual([4, 1]);
    expect(fifos.port.readOutbound() >>> 0).toBe(EMPTY);
  });
});

describe('3: every inbound frame read is posted once', () => {
  it('and the host gets it again when the card has given it back', () => {
    const fifos = new Fifos(2);
    expect([1, 2, 3].map((value) => fifos.request(value))).toEqual([true, true, false]);
    expect(fifos.takeRequest()).toBe(1);
    expect(fifos.request(3)).toBe(false); // given back, and the head not moved yet
    fifos.cardRequests.publish();
    expect(fifos.request(3)).toBe(true);
    expect([fifos.takeRequest(), fifos.takeRequest(), fifos.takeRequest()]).toEqual([2, 3, undefined]);
  });

  it('frames read ahead go back as NOPs when the host leaves', () => {
    const fifos = new Fifos(8);
    expect(fifos.requests.available(5)).toBe(5);
    expect(fifos.cardRequests.freeFrames).toBe(3);
    fifos.requests.surrender();
    while (fifos.takeRequest() !== undefined);
    fifos.cardRequests.publish();
    expect(fifos.cardRequests.freeFrames).toBe(8);
    expect(fifos.host('nops', 'portReads', 'portWrites')).toEqual([5, 5, 5]);
  });

  it('is seen at once, without a publication', () => {
    const fifos = new Fifos();
    fifos.request(7);
    expect(fifos.takeRequest()).toBe(7);
  });
});

describe('4: every reply’s frame goes back to the card', () => {
  it('which can reply in it again', () => {
    const fifos = new Fifos(4, 2);
    fifos.replies.supply();
    for (let round = 0; round < 10; round++) {
      expect(fifos.reply(round)).toBe(true);
      fifos.cardReplies.publish();
      expect(fifos.takeReply()).toBe(round);
    }
    expect(fifos.host('portWrites')).toEqual([2 + 10]);
    expect(fifos.cardReplies.inUse).toBe(0);
  });

  it('lends the card each frame once, however often it is asked to', () => {
    const fifos = new Fifos(4, 4);
    fifos.replies.supply();
    fifos.replies.supply();
    expect(fifos.cardReplies.available(5)).toBe(4);
    expect(fifos.card('mfaNotOwned')).toEqual([0]);
  });
});

describe('5: a card without outbound frames', () => {
  it('has none before the host lends them, and waits', () => {
    const fifos = new Fifos(4, 2);
    expect(fifos.reply(1)).toBe(false);
    expect(fifos.cardReplies.armForFree(1)).toBe(true);
    fifos.replies.supply();
    expect(fifos.replies.publish()).toBe(2); // the card asked to be told
    expect([fifos.reply(1), fifos.reply(2), fifos.reply(3)]).toEqual([true, true, false]);
    fifos.cardReplies.publish();
    expect([fifos.takeReply(), fifos.takeReply(), fifos.takeReply()]).toEqual([1, 2, undefined]);
  });
});

describe('6: the outbound interrupt', () => {
  const POST = 0x08;

  it('has a status that is a level, whatever the mask says', () => {
    const fifos = new Fifos();
    fifos.replies.supply();
    expect(fifos.port.readStatus()).toBe(0);
    fifos.reply(1);
    fifos.reply(2);
    expect(fifos.port.readStatus()).toBe(0); // the card has not moved its head
    fifos.cardReplies.publish();
    expect(fifos.port.readMask()).toBe(POST);
    expect(fifos.port.readStatus()).toBe(POST);
    fifos.takeReply();
    expect(fifos.port.readStatus()).toBe(POST);
    fifos.takeReply();
    expect(fifos.port.readStatus()).toBe(0);
  });

  it('comes when the list fills and the mask is clear, once until it has drained', () => {
    const fifos = new Fifos();
    fifos.replies.supply();
    fifos.reply(1);
    expect(fifos.cardReplies.publish()).toBe(1); // masked
    fifos.takeReply();
    expect(fifos.replies.arm()).toBe(true);
    expect(fifos.port.readMask()).toBe(0);
    fifos.reply(2);
    expect(fifos.cardReplies.publish()).toBe(2);
    fifos.reply(3);
    expect(fifos.cardReplies.publish()).toBe(1); // up already
    fifos.takeReply();
    expect(fifos.port.readMask()).toBe(POST); // whoever serves it polls on
    fifos.takeReply();
    fifos.reply(4);
    expect(fifos.cardReplies.publish()).toBe(1);
  });

  it('is not waited for by a host that finds the level up', () => {
    const fifos = new Fifos();
    fifos.replies.supply();
    fifos.reply(1);
    fifos.cardReplies.publish();
    expect(fifos.replies.arm()).toBe(false);
  });

  it('interrupts the card too, unless it masks that because it polls', () => {
    const fifos = new Fifos(8);
    fifos.request(1);
    expect(fifos.requests.publish()).toBe(1);
    expect(fifos.cardRequests.arm()).toBe(false);
    fifos.takeRequest();
    expect(fifos.cardRequests.arm()).toBe(true);
    fifos.request(2);
    fifos.request(3);
    expect(fifos.requests.publish()).toBe(2);
    fifos.request(4);
    expect(fifos.requests.publish()).toBe(1); // in service
  });
});

describe('7: a frame that could not be delivered', () => {
  it('stays out of the free list until the host has posted it as a NOP', () => {
    const fifos = new Fifos(2);
    fifos.request(1);
    const at = fifos.cardRequests.receive();
    const mfa = fifos.cardRequests.preserve(0);
    fifos.cardRequests.release();
    fifos.cardRequests.publish();
    expect(fifos.cardRequests.freeFrames).toBe(1);
    expect(mfa).toBe(fifos.inboundMfa(0));
    expect(fifos.requests.adopt(mfa)).toBe(at); // where the lost request is still to be read
    expect(fifos.words[at]).toBe(1);
    fifos.requests.cancel();
    expect(fifos.takeRequest()).toBe(0x00030001);
    fifos.cardRequests.publish();
    expect(fifos.cardRequests.freeFrames).toBe(2);
    expect(fifos.card('framesPreserved')).toEqual([1]);
    expect(fifos.host('framesAdopted', 'nops')).toEqual([1, 1]);
  });

  it('may be written anew and posted again, as for congestion', () => {
    const fifos = new Fifos(2);
    fifos.request(1);
    fifos.cardRequests.receive();
    const mfa = fifos.cardRequests.preserve(0);
    fifos.cardRequests.release();
    fifos.words[fifos.requests.adopt(mfa)] = 9;
    fifos.requests.post();
    expect(fifos.takeRequest()).toBe(9);
  });

  it('is adopted only if the host posted it', () => {
    const fifos = new Fifos(4);
    fifos.request(1);
    const never = fifos.inboundMfa(2);
    for (const mfa of [never, fifos.inboundMfa(0) + 4, fifos.outboundMfa(0), 0, -1, 0x7fffff80]) {
      expect(fifos.requests.adopt(mfa)).toBe(NO_FRAME);
    }
    expect(
      fifos.host('hostMfaNotOwned', 'hostMfaMisaligned', 'hostMfaWrongDirection', 'hostMfaOutOfWindow'),
    ).toEqual([1, 1, 1, 3]);
    const mine = fifos.inboundMfa(0);
    expect(fifos.requests.adopt(mine)).not.toBe(NO_FRAME);
    fifos.requests.cancel();
    expect(fifos.requests.adopt(mine)).not.toBe(NO_FRAME); // posted again, so it may fail again
    expect(fifos.requests.adopt(mine)).toBe(NO_FRAME); // and is held now
  });
});

describe('an outbound port that is spuriously empty, as on early i960', () => {
  it('is read twice, and the reply found', () => {
    const fifos = new Fifos();
    fifos.replies.supply();
    fifos.reply(5);
    fifos.cardReplies.publish();
    fifos.port.spuriousEmpties = 1;
    expect(fifos.takeReply()).toBe(5);
    expect(fifos.host('portReads', 'portEmptyReads')).toEqual([2, 1]);
  });

  it('never puts a host to sleep over a reply', () => {
    const fifos = new Fifos();
    fifos.replies.supply();
    fifos.reply(5);
    fifos.cardReplies.publish();
    fifos.port.spuriousEmpties = 2;
    expect(fifos.takeReply()).toBeUndefined();
    expect(fifos.replies.arm()).toBe(false);
    expect(fifos.takeReply()).toBe(5);
  });
});

describe('waiting for a frame', () => {
  it('asks once, and is told at the next', () => {
    const fifos = new Fifos(2);
    fifos.request(1);
    fifos.request(2);
    expect(fifos.requests.armForFree(1)).toBe(true);
    fifos.takeRequest();
    expect(fifos.cardRequests.publish()).toBe(2);
    fifos.takeRequest();
    expect(fifos.cardRequests.publish()).toBe(1);
    expect(fifos.requests.armForFree(2)).toBe(false);
  });
});

describe('a full list', () => {
  it('makes the host try the post again, and lets nothing past it', () => {
    const fifos = new Fifos(4);
    // Four entries nobody has room behind: the card's tail is held where it is by a card that takes nothing.
    for (let i = 0; i < 4; i++) fifos.port.writeInbound(0);
    const frame = fifos.requests.acquire();
    fifos.words[frame] = 6;
    fifos.requests.post();
    expect(fifos.requests.acquire()).toBe(NO_FRAME);
    expect(fifos.host('portRetries')).toEqual([2]);
    expect(fifos.takeRequest()).toBeUndefined(); // four refused, which made room
    expect(fifos.card('mfaOutOfWindow')).toEqual([4]);
    fifos.requests.publish();
    expect(fifos.takeRequest()).toBe(6);
  });

  it('of lent frames is an error interrupt, and loses nothing but the frame too many', () => {
    const fifos = new Fifos(4, 4);
    fifos.replies.supply();
    expect(fifos.port.writeOutbound(fifos.outboundMfa(0))).toBe(2);
    expect(fifos.host('outboundFreeOverflows')).toEqual([1]);
    expect(fifos.cardReplies.available(5)).toBe(4);
    expect(fifos.card('fifoErrorInterrupts')).toEqual([1]);
  });
});

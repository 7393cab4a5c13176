/** Cards over the FIFOs: without a driver, in virtual time, and between two real threads. */

import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import { FLAG_FAIL, frameFlags, getFailureCode, getFailurePreservedFrame } from '../../src/i2o/frame.ts';
import { HostPort, WRITE_INTERRUPTED } from '../../src/i2o/queues/fifo/fifo-port.ts';
import { fifoLayout } from '../../src/i2o/queues/queues.ts';
import { HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import { type FrameProducer, NO_FRAME } from '../../src/i2o/transport.ts';
import { BlockingSockets } from '../../src/socket/blocking.ts';
import type { Waker } from '../../src/time/sleeper.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { type Echo, openCard, openEcho } from '../../src/world/open/card.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { BareCard } from '../iop/bed.ts';

const FIFO: CardOverrides = { transport: 'fifo', pools: { inboundFrames: 8, outboundFrames: 8 } };
const SMALL: CardOverrides = {
  transport: 'fifo',
  pools: { inboundFrames: 8, outboundFrames: 8, transmitBuffers: 8, receiveBuckets: 8, immediateSlots: 8 },
  driver: { socketsMax: 16 },
};
const LOOPBACK = 0x7f000001;

/** Address in the control area, for what the executive writes to memory. */
function control(card: BareCard, offset: number): number {
  return card.memory.layout.control + offset;
}

function statusGet(card: BareCard): void {
  const address = control(card, 0);
  card.post((w, f) =>
    exec.writeExecStatusGet(w, f, IOP_TID, HOST_TID, 0, 0, address, 0, exec.STATUS_BLOCK_WORDS * 4),
  );
}

function outboundInit(card: BareCard): void {
  card.post((w, f) => {
    exec.writeExecOutboundInit(w, f, IOP_TID, HOST_TID, 0, 0, 4096, 0x80, 32, 8);
    w[f + 6] = 0xd0000004 | 0;
    w[f + 7] = control(card, 128);
  });
}

function sysTabSet(card: BareCard, context: number): void {
  card.post((w, f) => {
    exec.writeExecSysTabSet(w, f, IOP_TID, HOST_TID, 0, context, 2, 0, 0, 12);
    const address = control(card, 256);
    w.set([0x54000030, address, 0x54000004, address, 0xd4000004 | 0, address], f + 6);
  });
}

describe('bring-up by hand', () => {
  it('needs no outbound frame for what completes in polled memory; the first reply waits for one', () => {
    const card = new BareCard(FIFO);
    statusGet(card);
    expect(card.run()).toEqual([]);
    expect(card.region.words[(control(card, 0) >> 2) + exec.STATUS_BLOCK_WORDS - 1] >>> 24).toBe(0xff);
    outboundInit(card);
    card.run();
    expect(card.region.words[control(card, 128) >> 2]).toBe(4);
    sysTabSet(card, 77);
    expect(card.run()).toEqual([]); // conformance point 5: withheld, not dropped
    card.outbound.supply();
    expect(card.run().map((reply) => reply[3])).toEqual([77]);
  });

  it('answers a list that begins past the message’s end with a failure (conformance point 1)', () => {
    const card = new BareCard(FIFO);
    outboundInit(card);
    card.run();
    card.outbound.supply();
    card.post((w, f) => w.set([1 | (6 << 4) | (5 << 16), HOST_TID << 12, 0, 3], f));
    const [reply] = card.run();
    expect(frameFlags(reply!, 0) & FLAG_FAIL).toBe(FLAG_FAIL);
    expect(getFailureCode(reply!, 0)).toBe(exec.FAILURE_CODE_INVALID_OFFSET);
  });

  it('gives every outbound frame back, however many replies there are (conformance points 3 and 4)', () => {
    const card = new BareCard(FIFO);
    outboundInit(card);
    card.run();
    card.outbound.supply();
    for (let i = 0; i < 50; i++) {
      sysTabSet(card, i);
      expect(card.run().map((reply) => reply[3])).toEqual([i]);
    }
    expect(card.inbound.inUse).toBe(0);
    const { mfaNotOwned } = card.ledger.snapshot();
    const { hostMfaNotOwned } = card.hostLedger.snapshot();
    expect([mfaNotOwned, hostMfaNotOwned]).toEqual([0, 0]);
  });
});

describe('a request that cannot be delivered (conformance point 7)', () => {
  it('stays with the card until the host posts its frame as a NOP, and is named in the failure', () => {
    const card = new BareCard(FIFO);
    outboundInit(card);
    card.run();
    card.outbound.supply();
    const nobody = 0x123;
    card.post((w, f) => w.set([1 | (4 << 16), nobody | (HOST_TID << 12) | (0x81 << 24), 0, 4711], f));
    const [failure] = card.run();
    expect(getFailureCode(failure!, 0)).toBe(exec.FAILURE_CODE_INVALID_TARGET_ID);
    expect(card.inbound.inUse).toBe(1);
    const at = card.inbound.adopt(getFailurePreservedFrame(failure!, 0));
    expect(card.region.words[at + 3]).toBe(4711); // the lost TransactionContext, in byte 12
    card.inbound.cancel();
    expect(card.run()).toEqual([]);
    expect(card.inbound.inUse).toBe(0);
  });

  it('costs the driver no credit, however often it happens', () => {
    const world = new VirtualWorld({ cards: [FIFO] });
    const { host, iopLedger } = world.cards[0];
    world.run(() => false, 1e6);
    const { producer } = host.requests as unknown as { producer: FrameProducer };
    for (let i = 0; i < 20; i++) {
      const frame = producer.acquire();
      expect(frame).not.toBe(NO_FRAME);
      host.requests.words.set([1 | (4 << 16), 0x123 | (HOST_TID << 12) | (0x81 << 24), 7, i], frame);
      producer.post();
      host.requests.publish();
      world.run(() => false, 1e6);
    }
    expect(host.requests.framesInUse).toBe(0);
    expect(iopLedger.snapshot()).toMatchObject({ framesPreserved: 20, mfaNotOwned: 0 });
    expect(host.ledger.snapshot()).toMatchObject({ framesAdopted: 20, nops: 20 });
  });
});

describe('a host whose port accesses are random', () => {
  it('never stops the card, nor makes it lose a frame', () => {
    const access = fc.tuple(fc.constantFrom('post', 'lend'), fc.oneof(fc.integer(), fc.nat(1 << 16)));
    fc.assert(
      fc.property(fc.array(access, { maxLength: 50 }), (accesses) => {
        const card = new BareCard(SMALL);
        outboundInit(card);
        card.run();
        card.outbound.supply();
        const { layout } = card.memory;
        const port = new HostPort(card.region, fifoLayout(layout), card.hostLedger);
        // A second port beside the driver's own, as of a second driver for the same card.
        for (const [kind, mfa] of accesses) {
          if (kind === 'post') port.writeInbound(mfa);
          else port.writeOutbound(mfa);
          card.parts.processor.poll();
        }
        card.parts.processor.poll();
        expect(card.parts.processor.arm()).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

describe('two threads', () => {
  let echo: Echo | undefined;
  afterEach(async () => {
    await echo?.close();
    echo = undefined;
  });

  const SHAPES: [string, CardOverrides][] = [
    ['that poll', { transport: 'fifo', driver: { spinNs: 20e6 }, iopSpinNs: 20e6 }],
    ['that sleep at once', { transport: 'fifo', driver: { spinNs: 0 }, iopSpinNs: 0 }],
    ['with few frames', { ...FIFO, driver: { spinNs: 0 }, iopSpinNs: 50_000 }],
  ];

  it.each(SHAPES)('%s lose no message and no frame', async (_, overrides) => {
    echo = await openEcho(overrides);
    expect(echo.roundTrip(500)).toBe(500);
    expect(echo.stream(20_000, 64)).toBe(20_000);
    expect(echo.roundTrip(100)).toBe(100);
    expect(echo.reconcile().lines).toEqual([]);
    const { host, iop } = echo.ledger();
    expect(host['inboundPosted']).toBe(iop['inboundReleased']);
    const refused = ['mfaNotOwned', 'mfaOutOfWindow', 'mfaMisaligned', 'mfaWrongDirection'];
    expect(refused.map((name) => iop[name])).toEqual([0, 0, 0, 0]);
    expect(host['portReads'] - host['portEmptyReads']).toBeGreaterThan(20_600);
  });

  it('count four bus accesses a round trip, besides reads in vain', async () => {
    echo = await openEcho({ transport: 'fifo', driver: { spinNs: 20e6 }, iopSpinNs: 20e6 });
    expect(echo.roundTrip(200)).toBe(200); // the buckets of bring-up are answered by now
    const before = echo.ledger().host;
    expect(echo.roundTrip(1000)).toBe(1000);
    const after = echo.ledger().host;
    const grown = (name: string): number => after[name] - before[name];
    expect(grown('portReads') - grown('portEmptyReads')).toBe(2000);
    expect(grown('portWrites')).toBe(2000);
  });

  it('are not harmed by a host that posts and lends what it does not hold', async () => {
    echo = await openEcho({ transport: 'fifo', driver: { spinNs: 20e6 }, iopSpinNs: 20e6 });
    expect(echo.roundTrip(200)).toBe(200);
    const { port, layout, waker } = innards(echo);
    const held = layout.inbound; // an address in the region: no inbound MFA is one
    const wrong = [held, -1, 3, 0x7fffff80, layout.outbound, 0];
    for (let i = 0; i < 300; i++) {
      const mfa = wrong[i % wrong.length];
      const told = Math.max(port.writeInbound(mfa), i % 10 === 0 ? port.writeOutbound(mfa) : 0);
      if (told === WRITE_INTERRUPTED) waker.wake(); // an interrupt delivered is the hardware's to deliver
      expect(echo.roundTrip(2)).toBe(2);
    }
    const { iop } = echo.ledger();
    const refused = ['mfaOutOfWindow', 'mfaMisaligned', 'mfaWrongDirection', 'mfaNotOwned'].map(
      (n) => iop[n],
    );
    expect(refused.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(300);
    expect(echo.stream(5000, 64)).toBe(5000);
    expect(echo.reconcile().lines).toEqual([]);
  });
});

/** The driver's own port, so that what is forged goes through the same indices as what is not. */
function innards(echo: Echo): { port: HostPort; layout: BareCard['memory']['layout']; waker: Waker } {
  const { card } = echo as unknown as {
    card: {
      host: { requests: { producer: { port: HostPort } } };
      memory: BareCard['memory'];
      thread: { waker: Waker };
    };
  };
  return { port: card.host.requests.producer.port, layout: card.memory.layout, waker: card.thread.waker };
}

it('serves sockets with as few frames as can be, and every frame comes home', async () => {
  const card = await openCard({ ...FIFO, driver: { socketsMax: 64, acceptsPosted: 4 } });
  try {
    const blocking = new BlockingSockets(card.stack, 2000);
    const listener = blocking.listen(LOOPBACK, 7100);
    const client = blocking.connect(LOOPBACK, 7100);
    const server = blocking.accept(listener);
    const buffer = new Uint8Array(64);
    for (let round = 1; round <= 200; round++) {
      blocking.send(client, buffer.fill(round));
      expect(blocking.recv(server, buffer)).toBe(64);
      expect(buffer[63]).toBe(round & 0xff);
      blocking.send(server, buffer);
      expect(blocking.recv(client, buffer)).toBe(64);
    }
    for (const socket of [client, server, listener]) card.stack.close(socket);
    expect(card.reconcile().lines).toEqual([]);
    const { host } = card.ledger();
    expect(host['portRetries'] + host['outboundFreeOverflows']).toBe(0);
  } finally {
    await card.close();
  }
});

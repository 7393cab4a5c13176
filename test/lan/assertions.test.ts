/** Faults injected into a port: each trips the assertion that guards against it. */
import { describe } from 'vitest';
import type { FakeNic } from '../../src/hdm/nic.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { Outbound } from '../../src/iop/reply/outbound.ts';
import { BatchRule } from '../../src/lan/batch-rule.ts';
import { BucketQueue } from '../../src/lan/bucket-queue.ts';
import { LanStatistics } from '../../src/lan/lan-statistics.ts';
import { ReplyQueue, type ReplyWriter, statusWord } from '../../src/lan/reply-queue.ts';
import { ContextWriter } from '../../src/lan/reply-writers.ts';
import { SendQueue } from '../../src/lan/send-queue.ts';
import { checkPieces } from '../../src/lan/transmitter.ts';
import type { WireSource } from '../../src/wire/contract.ts';
import { buildCard } from '../../src/world/build/card-parts.ts';
import { trips } from '../rules/trips.ts';
import { PortBed } from './bed.ts';

const bed = new PortBed();
const FRAME = bed.memory.layout.outbound >> 2;

function outbound(frame: number, free: number): Outbound {
  const producer = {
    ...{ acquire: () => frame, post: () => {}, cancel: () => {}, publish: () => 0, available: () => free },
    ...{ armForFree: () => false, adopt: () => NO_FRAME, surrender: () => {}, restart: () => 0 },
    ...{ inUse: 0, broken: false },
  };
  return new Outbound(bed.words, producer, bed.ledger);
}

function queue(writer: ReplyWriter, frame = FRAME): ReplyQueue {
  return new ReplyQueue(outbound(frame, 1), bed.clock, new BatchRule(27), writer, 1);
}

const entry = () => {};

describe('replies', () => {
  const shape = { listWord: 5, entryWords: 1 };
  trips('lan replies: a status has 8 bits and a detailed status 16', () => statusWord(256, 0));
  trips('lan replies: no more is to be told than the host has lent', () => {
    const replies = queue(new ContextWriter());
    for (let i = 0; i < 2; i++) replies.add(0, 0, false, 1, 0, 0);
  });
  trips('lan replies: a reply is written where a frame is free', () => {
    const replies = queue(new ContextWriter(), NO_FRAME);
    replies.add(0, 0, true, 1, 0, 0);
    replies.poll();
  });
  trips('lan replies: a reply has the header of a reply', () => {
    const replies = queue({ ...shape, write: (words, frame) => words.fill(0, frame, frame + 8), entry });
    replies.add(0, 0, true, 1, 0, 0);
    replies.poll();
  });
  trips('lan replies: a reply passes the check of the host that receives it', () => {
    const writer = new ContextWriter();
    const replies = queue({
      ...shape,
      write: (words, frame, context) => {
        writer.write(words, frame, context, 0, 0, 1);
        words[frame + 3] = 1;
      },
      entry,
    });
    replies.add(0, 0, true, 1, 0, 0);
    replies.poll();
  });
});

describe('packets and buckets', () => {
  trips('lan sends: a packet is staged where there is room', () => {
    const sends = new SendQueue(1);
    for (let i = 0; i < 2; i++) sends.begin(1, 2, 3);
  });
  trips('lan sends: there is a packet to be sent', () => new SendQueue(1).oldest());
  trips('lan sends: a packet that is taken out waits', () => new SendQueue(1).remove(0));
  trips('lan sends: the device takes as many pieces as a packet may have', () => checkPieces(20, 20));
  trips('lan buckets: a bucket is staged where there is room', () => {
    const buckets = new BucketQueue(1);
    for (let i = 0; i < 2; i++) buckets.stage(1, 2, 3, 4);
  });
  trips('lan buckets: a bucket that is used was posted', () => new BucketQueue(1).drop());
  trips('lan buckets: a bucket that comes back was posted', () => bed.module['receiver'].returnOne(0, 0));
  trips('lan statistics: a packet that was received has a length', () =>
    new LanStatistics(bed.ledger).received(0),
  );
  trips('lan module: a device at rest holds nothing', () => {
    const { module } = new PortBed();
    module['sends'].begin(1, 2, 0);
    module['sends'].commit();
    module['transmitter'].cancel = () => {};
    module.quiesce();
  });
});

describe('the card', () => {
  trips('card parts: the memory of a card of network ports was planned', () => {
    const { lan: _, ...memory } = bed.memory;
    const environment = { clock: bed.clock, ledger: bed.ledger, waker: { wake: () => {} } };
    const source = (bed.module['device'] as FakeNic)['source'] as WireSource;
    const wires = [
      { source, sink: { receive: () => -1, receivedLength: 0, release: entry, nextArrivalNs: () => 0 } },
    ];
    const dma = bed.module['transmitter']['dma'];
    buildCard(bed.region, memory, bed.config, { ...environment, dma, wires }, ['lan']);
  });
});

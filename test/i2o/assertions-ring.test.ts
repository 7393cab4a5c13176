/** The assertions of the ring, each tripped by the bug it guards against. */
import { describe } from 'vitest';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { RingConsumer, RingProducer } from '../../src/i2o/queues/ring/ring.ts';
import {
  checkRingLayout,
  FRAMES_OFFSET,
  ringBytes,
  ringCopies,
} from '../../src/i2o/queues/ring/ring-layout.ts';
import { trips } from '../rules/trips.ts';

const BASE = 128;
const CAPACITY = 4;

interface Ring {
  readonly region: Region;
  readonly producer: RingProducer;
  readonly consumer: RingConsumer;
}

/** Both ends of one ring, whose producer can adopt copies and whose consumer makes them. */
function ring(): Ring {
  const region = allocateRegion(2 * (BASE + ringBytes(CAPACITY)));
  const copies = ringCopies(BASE, CAPACITY);
  return {
    region,
    producer: new RingProducer(region, BASE, CAPACITY, copies),
    consumer: new RingConsumer(region, BASE, CAPACITY, copies),
  };
}

/** A ring in which one frame was posted. */
function posted(): Ring {
  const ends = ring();
  ends.producer.acquire();
  ends.producer.post();
  ends.producer.publish();
  return ends;
}

describe('the producer', () => {
  const small = allocateRegion(ringBytes(CAPACITY));
  trips('ring producer: the ring lies in the region, on a pair of cache lines', () => {
    new RingProducer(small, 65536 - 256, CAPACITY);
  });

  trips('ring producer: a frame is posted or cancelled before the next is acquired', () => {
    const { producer } = ring();
    producer.acquire();
    producer.acquire();
  });

  trips('ring producer: only a frame that was acquired is posted', () => {
    const { producer } = posted();
    producer.post();
  });

  trips('ring producer: no frame is posted over one that is not released', () => {
    const { producer } = ring();
    producer.acquire();
    producer['next'] = CAPACITY;
    producer.post();
  });

  trips('ring consumer: no frame is received that was not posted', () => {
    const { consumer } = ring();
    consumer['next'] = 1;
    consumer.receive();
  });

  trips('ring producer: only a frame that was acquired or adopted is cancelled', () => {
    const { producer } = posted();
    producer.cancel();
  });

  trips('ring producer: no undelivered frame is adopted while another is held', () => {
    const { producer } = ring();
    producer.acquire();
    producer.adopt(ringCopies(BASE, CAPACITY).copies * 4);
  });

  trips('ring producer: the frames to publish fit the ring', () => {
    const { producer } = ring();
    Object.assign(producer, { next: CAPACITY + 1 });
    producer.publish();
  });

  trips('ring producer: no frame is published that was not posted', () => {
    posted().producer.publishTo(2);
  });

  trips('ring producer: it waits for no more frames than the ring has', () => {
    ring().producer.armForFree(CAPACITY + 1);
  });

  trips('ring producer: nothing was published that was not posted', () => {
    const { producer } = posted();
    Object.assign(producer, { next: 0 });
    producer.restart();
  });
});

describe('the consumer', () => {
  trips('ring consumer: the ring lies in the region, on a pair of cache lines', () => {
    new RingConsumer(allocateRegion(65536), BASE + 64, CAPACITY);
  });

  trips('ring consumer: only a frame that was received is released', () => {
    const { consumer } = posted();
    consumer.receive();
    consumer.release();
    consumer.release();
  });

  trips('ring consumer: only a frame that was received is preserved', () => {
    posted().consumer.preserve((BASE + FRAMES_OFFSET) >> 2);
  });

  trips('ring consumer: the failure record is a frame of the outbound ring', () => {
    const { consumer } = posted();
    consumer.receive();
    consumer.preserve(((BASE + FRAMES_OFFSET) >> 2) - 32);
  });

  trips('ring consumer: a reset holds only a frame that was received', () => {
    posted().consumer.restart(true);
  });

  trips('ring consumer: no frame is given back that was not released', () => {
    posted().consumer.publishTo(1);
  });

  trips('ring consumer: no more frames are released than were posted', () => {
    const { consumer } = posted();
    consumer.receive();
    consumer.release();
    Object.assign(consumer, { next: 2 });
    consumer.publish();
  });
});

describe('the layout', () => {
  trips('ring layout: each index, and the first frame, begins a pair of cache lines', () => {
    checkRingLayout([0, 128, 192]);
  });

  trips('ring layout: the copies are those of a planned ring', () => {
    ringCopies(BASE + 4, CAPACITY);
  });
});

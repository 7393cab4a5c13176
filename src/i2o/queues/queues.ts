/**
 * The two transports, and each side's two ends of the one that a card was planned with. Everything above
 * works with the ends by the contract in i2o/transport.ts and does not know which transport it is.
 */
import { assert } from '../../assert/assert.ts';
import type { CardLayout, QueuePlanner, Transport } from '../../dma/card-layout.ts';
import type { Region } from '../../dma/region.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { FRAME_BYTES } from '../frame.ts';
import type { MarkedConsumer, MarkedProducer } from '../transport.ts';
import { FifoCardConsumer } from './fifo/card-consumer.ts';
import { FifoCardProducer } from './fifo/card-producer.ts';
import { type FifoLayout, firstInboundMfa, planOutboundFrames, planUnit } from './fifo/fifo-layout.ts';
import { HostPort } from './fifo/fifo-port.ts';
import { FifoHostConsumer } from './fifo/host-consumer.ts';
import { FifoHostProducer } from './fifo/host-producer.ts';
import { RingConsumer, RingProducer } from './ring/ring.ts';
import { FRAMES_OFFSET, planRing, ringCopies } from './ring/ring-layout.ts';

export const TRANSPORTS: readonly Transport[] = ['ring', 'fifo'];

/** The host's ends. */
export interface HostQueues {
  readonly inbound: MarkedProducer;
  readonly outbound: MarkedConsumer;
}

/** The card's ends. */
export interface CardQueues {
  readonly inbound: MarkedConsumer;
  readonly outbound: MarkedProducer;
}

/** The function with which `planCard` plans a transport's memory. */
export function queuePlanner(transport: Transport): QueuePlanner {
  if (transport === 'ring') return planRing;
  return (plan, name, _frames, sizes, outbound) =>
    outbound ? planOutboundFrames(plan, name, sizes) : planUnit(plan, name, sizes);
}

/** Makes the host's ends, once the region is allocated. */
export function hostQueues(region: Region, layout: CardLayout, ledger: Ledger): HostQueues {
  if (layout.transport === 'ring') {
    return {
      inbound: new RingProducer(
        region,
        layout.inbound,
        layout.inboundFrames,
        ringCopies(layout.outbound, layout.outboundFrames),
      ),
      outbound: new RingConsumer(region, layout.outbound, layout.outboundFrames),
    };
  }
  const fifos = fifoLayout(layout);
  const port = new HostPort(region, fifos, ledger);
  return {
    inbound: new FifoHostProducer(region, fifos, port, ledger),
    outbound: new FifoHostConsumer(fifos, port, ledger),
  };
}

/** Makes the card's ends. Call it once a card, since it fills the inbound free list of the FIFOs. */
export function cardQueues(region: Region, layout: CardLayout, ledger: Ledger): CardQueues {
  if (layout.transport === 'ring') {
    return {
      inbound: new RingConsumer(
        region,
        layout.inbound,
        layout.inboundFrames,
        ringCopies(layout.outbound, layout.outboundFrames),
      ),
      outbound: new RingProducer(region, layout.outbound, layout.outboundFrames),
    };
  }
  const fifos = fifoLayout(layout);
  return {
    inbound: new FifoCardConsumer(region, fifos, ledger),
    outbound: new FifoCardProducer(region, fifos, ledger),
  };
}

/** The part of a card's layout that concerns the FIFOs. */
export function fifoLayout(layout: CardLayout): FifoLayout {
  const { transport, inbound, outbound, inboundFrames, outboundFrames } = layout;
  assert(transport === 'fifo', 'queues: the FIFOs are those of a card that was planned with them');
  assert(
    outbound >= inbound + firstInboundMfa(layout) + inboundFrames * FRAME_BYTES,
    'queues: the outbound frames lie behind the unit, so that no address is good both ways',
  );
  return { unit: inbound, outbound, inboundFrames, outboundFrames };
}

/** Word index of frame 0 in each direction; the other frames follow it, FRAME_WORDS apart. */
export function firstFrameWords(layout: CardLayout): { inbound: number; outbound: number } {
  if (layout.transport === 'ring') {
    return {
      inbound: (layout.inbound + FRAMES_OFFSET) >> 2,
      outbound: (layout.outbound + FRAMES_OFFSET) >> 2,
    };
  }
  return {
    inbound: (layout.inbound + firstInboundMfa(layout)) >> 2,
    outbound: layout.outbound >> 2,
  };
}

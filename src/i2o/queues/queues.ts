/** The transports there are, and each side's two ends of the one a card was planned with. */
import type { CardLayout, QueuePlanner, Transport } from '../../dma/card-layout.ts';
import type { Region } from '../../dma/region.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { FrameConsumer, FrameProducer } from '../transport.ts';
import { FifoCardConsumer, FifoCardProducer } from './fifo/fifo-card.ts';
import { FifoHostConsumer, FifoHostProducer } from './fifo/fifo-host.ts';
import { type FifoLayout, firstInboundMfa, planOutboundFrames, planUnit } from './fifo/fifo-layout.ts';
import { HostPort } from './fifo/fifo-port.ts';
import { RingConsumer, RingProducer } from './ring/ring.ts';
import { FRAMES_OFFSET, planRing, ringCopies } from './ring/ring-layout.ts';

export const TRANSPORTS: readonly Transport[] = ['ring', 'fifo'];

/** The host's ends. */
export interface HostQueues {
  readonly inbound: FrameProducer;
  readonly outbound: FrameConsumer;
}

/** The card's ends. */
export interface CardQueues {
  readonly inbound: FrameConsumer;
  readonly outbound: FrameProducer;
}

/** What plans a transport's memory, for `planCard`. */
export function queuePlanner(transport: Transport): QueuePlanner {
  if (transport === 'ring') return planRing;
  return (plan, name, _frames, sizes, outbound) =>
    outbound ? planOutboundFrames(plan, name, sizes) : planUnit(plan, name, sizes);
}

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

/** Once a card: the fifo's free list is filled here. */
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

/** The part of a card's layout that is the FIFOs'. */
export function fifoLayout(layout: CardLayout): FifoLayout {
  const { inbound, outbound, inboundFrames, outboundFrames } = layout;
  return { unit: inbound, outbound, inboundFrames, outboundFrames };
}

/** Word index of each direction's frame 0; the others follow, FRAME_WORDS apart. */
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

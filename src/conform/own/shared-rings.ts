/** The two rings in a file that the front-end has made, as our own card or host behind the pipe maps it. */
import { RingConsumer, RingProducer } from '../../i2o/queues/ring/ring.ts';
import { ringCopies } from '../../i2o/queues/ring/ring-layout.ts';
import { mapShared } from '../../linux/file-mapping.ts';
import { type PipeMessage, tailText } from '../pipe/message.ts';
import { PIPE_MEMORY_INBOUND_RING, PIPE_MEMORY_OUTBOUND_RING } from '../pipe/pipe.gen.ts';
import type { OwnMemory } from './settings.ts';

/** Looks in vain, before it rests: the protocol bounds them, and a look is cheap. */
export const LOOKS = 1000;

/** Maps the file over the first pages of a region. @param memory what is said behind Begin. */
export function mapWindow({ region, settings }: OwnMemory, { tail }: PipeMessage): void {
  mapShared(tailText(tail), region, settings.regionBytes);
}

/** The card's ends. @param restarted called when a reset has emptied the ring of requests. */
export function cardRings(
  { region, settings }: OwnMemory,
  { fields }: PipeMessage,
  restarted: () => void,
): { readonly inbound: RingConsumer; readonly outbound: RingProducer } {
  const { inboundFrames, outboundFrames } = settings;
  const replies = fields[PIPE_MEMORY_OUTBOUND_RING];
  const copies = ringCopies(replies, outboundFrames);
  const inbound = new CardConsumer(region, fields[PIPE_MEMORY_INBOUND_RING], inboundFrames, copies);
  inbound.restarted = restarted;
  return { inbound, outbound: new RingProducer(region, replies, outboundFrames) };
}

class CardConsumer extends RingConsumer {
  restarted: () => void = () => {};

  override restart(holding: boolean): number {
    const destroyed = super.restart(holding);
    this.restarted();
    return destroyed;
  }
}

/** The host's ends. */
export function hostRings(
  { region, settings }: OwnMemory,
  { fields }: PipeMessage,
): { readonly inbound: RingProducer; readonly outbound: RingConsumer } {
  const { inboundFrames, outboundFrames } = settings;
  const replies = fields[PIPE_MEMORY_OUTBOUND_RING];
  const copies = ringCopies(replies, outboundFrames);
  return {
    inbound: new RingProducer(region, fields[PIPE_MEMORY_INBOUND_RING], inboundFrames, copies),
    outbound: new RingConsumer(region, replies, outboundFrames),
  };
}

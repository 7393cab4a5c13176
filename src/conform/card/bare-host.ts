/**
 * A host without a driver: it posts frames as they are given, and takes whatever comes back. Over our own
 * card in tests, and over the pipe for a foreign one.
 */
import type { CardLayout } from '../../dma/card-layout.ts';
import type { Region } from '../../dma/region.ts';
import type { Clock } from '../../time/clock.ts';

export interface BareHost {
  readonly region: Region;
  readonly memory: { readonly layout: CardLayout };
  readonly clock: Clock;
  /** The card keeps a copy of what it could not deliver, behind the ring of replies, and not the frame itself. */
  readonly copies?: boolean;
  /** Writes a frame with `fill` and posts it. @returns false when no frame was free. */
  post(fill: (words: Int32Array, frame: number) => void): boolean;
  /** Gives the card turns until it has nothing to do, and takes its replies. */
  run(): Int32Array[];
  /** OutboundInit is done: the card gets frames to reply in. */
  supply(): void;
  /** A frame that the card has kept goes back as a NOP. @returns its word index, or the copy's; −1 where it was none. */
  recycle(address: number): number;
  /** @returns what frames are missing of a card at rest; '' when all are back. */
  framesLost(): string;
}

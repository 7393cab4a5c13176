/**
 * The wires of a replayed card of network ports. Where the recorded card had a peer, what ours sends goes
 * nowhere, and what came from the peer is put in by hand; where the recorded wire led back to its card, ours
 * does too. What the card sends is noted either way, by length.
 */
import type { Region } from '../dma/region.ts';
import type { TappedEnd } from '../wire/contract.ts';

export class ReplayWires {
  /** Lengths of the packets that the card has sent, in their order. */
  readonly sent: number[] = [];
  private readonly hasPeer: boolean;
  private ends: readonly TappedEnd[] = [];
  private bytes: Uint8Array = new Uint8Array(0);

  /** @param hasPeer whether what is sent goes to somebody else. */
  constructor(hasPeer: boolean) {
    this.hasPeer = hasPeer;
  }

  /** Plugs the card in. @param wires that lead back to it, by port. */
  plug(wires: readonly TappedEnd[], { bytes }: Region): readonly TappedEnd[] {
    this.ends = wires;
    this.bytes = bytes;
    return wires.map(({ source, sink, ...signal }) => {
      const note = (length: number): void => void this.sent.push(length);
      const { hasPeer } = this;
      const watched = {
        get room(): number {
          return source.room;
        },
        awaitRoom: (frames: number): void => source.awaitRoom(frames),
        reserve: (length: number): number => source.reserve(length),
        commit: (length: number): void => {
          note(length);
          if (!hasPeer) source.commit(length);
        },
        tapSent: (tap: Parameters<typeof source.tapSent>[0]): void => source.tapSent(tap),
      };
      return { ...signal, source: watched, sink };
    });
  }

  /** A packet comes in at a port. @returns false where the wire has no room for it. */
  deliver(port: number, packet: Uint8Array): boolean {
    const { source } = this.ends[port];
    const address = source.reserve(packet.length);
    if (address < 0) return false;
    this.bytes.set(packet, address);
    source.commit(packet.length);
    return true;
  }
}

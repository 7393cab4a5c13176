/**
 * A card behind a bare host, with the memory the vectors ask for: goes through their setups, posts their
 * frames, and gathers what comes back.
 */
import type { CardOverrides } from '../../world/config/settings.ts';
import type { BareHost } from './bare-host.ts';
import { succeeded } from './judge.ts';
import { replyText } from './reply-words.ts';
import type { Spot, VectorFile, VectorFrame } from './vector-file.ts';
import { wordsOf } from './vectors.ts';

/** Socket numbers there are. */
export const SOCKETS = 16;
const FRAMES = 64;
const BUFFERS = 16;
const BUFFER_BYTES = 2048;
/** Control buffers of the vectors lie so far apart. */
const CONTROL_STRIDE = 1280;
/** How long the card may hold answers for company. */
const HOLD_NS = 100_000;

/** Settings of a card that has the memory the vectors name. */
export const VECTOR_CARD: CardOverrides = {
  pools: {
    inboundFrames: FRAMES,
    outboundFrames: FRAMES,
    transmitBuffers: BUFFERS,
    transmitBufferBytes: BUFFER_BYTES,
    receiveBuckets: BUFFERS,
    receiveBucketBytes: BUFFER_BYTES,
    immediateSlots: BUFFERS,
    imageBytes: 65_536,
  },
  driver: { socketsMax: SOCKETS },
  stack: { connectionsMax: 32 },
};

/** A step of a setup was refused: what it was for cannot be tried. */
export class SetupFailure extends Error {}

export class VectorHost {
  readonly bare: BareHost;
  /** Word index of the frame posted last. */
  private at = 0;

  constructor(bare: BareHost) {
    this.bare = bare;
  }

  /** Goes through a setup; sockets begin where the card is operational. @returns what came. */
  bring(file: Pick<VectorFile, 'setups'>, state: string): Int32Array[] {
    const came = state.startsWith('socket.') ? this.bring(file, 'operational') : [];
    for (const step of file.setups[state]) {
      if (step.together === true) {
        this.put(step);
        continue;
      }
      const replies = this.exchange(step);
      came.push(...replies);
      const refused = replies.find((reply) => !succeeded(reply) && !state.endsWith('Failed'));
      // Over the FIFOs the host gives the card its outbound frames.
      if (step.title === 'outbound frames') this.bare.supply();
      if (refused !== undefined)
        throw new SetupFailure(`setup ${state}, ${step.title}: ${replyText(refused)}`);
    }
    return came;
  }

  /** Posts a frame and lets the card rest. @returns every reply that came. */
  exchange(frame: VectorFrame): Int32Array[] {
    this.put(frame);
    const replies = this.bare.run();
    for (let turn = 0; turn < 3; turn++) {
      this.bare.clock.set(this.bare.clock.nowNs + HOLD_NS);
      replies.push(...this.bare.run());
    }
    return replies;
  }

  /** Posts a frame, and gives the card no turn. */
  put(frame: VectorFrame): void {
    const words = this.placed(frame);
    const posted = this.bare.post((region, at) => {
      region.set(words, at);
      this.at = at;
    });
    if (!posted) throw new SetupFailure('no inbound frame is free');
  }

  /** Whether the card has kept the frame that was posted last, or a copy of it. A frame goes back as a NOP. */
  recycle(address: number): boolean {
    const { bare, at } = this;
    const frame = bare.recycle(address);
    const kept = frame === at || (bare.copies === true && frame >= 0 && this.isCopy(frame));
    this.bare.run();
    return kept;
  }

  private isCopy(frame: number): boolean {
    const { words } = this.bare.region;
    const length = words[this.at] >>> 16;
    for (let i = 0; i < length; i++) if (words[frame + i] !== words[this.at + i]) return false;
    return true;
  }

  /** Lets time pass. @returns what came meanwhile. */
  rest(turns: number, turnNs: number): Int32Array[] {
    const replies = this.bare.run();
    for (let turn = 0; turn < turns; turn++) {
      this.bare.clock.set(this.bare.clock.nowNs + turnNs);
      replies.push(...this.bare.run());
    }
    return replies;
  }

  write(address: number, words: Int32Array): void {
    this.bare.region.words.set(words, address >> 2);
  }

  read(address: number, words: number): Int32Array {
    return this.bare.region.words.slice(address >> 2, (address >> 2) + words);
  }

  /** A frame's words, with the addresses of this card's memory. */
  placed(frame: VectorFrame): Int32Array {
    const words = wordsOf(frame);
    for (const place of frame.places ?? []) words[place.word] = this.address(place);
    return words;
  }

  address({ area, number, offset = 0 }: Spot): number {
    const { layout } = this.bare.memory;
    switch (area) {
      case 'transmit':
        return layout.transmit.offset + number * BUFFER_BYTES + offset;
      case 'receive':
        return layout.receive.offset + number * BUFFER_BYTES + offset;
      case 'control':
        return layout.control + number * CONTROL_STRIDE + offset;
      case 'immediate':
        return BUFFERS + number;
      case 'preserved':
        return this.at;
    }
  }
}

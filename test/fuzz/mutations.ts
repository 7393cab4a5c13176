/**
 * Spoils a good frame: its header, its fields, its lists, the memory they name. Seeded; one to three faults a
 * frame.
 */
import type { CardLayout } from '../../src/dma/card-layout.ts';
import { FRAME_WORDS } from '../../src/i2o/frame.ts';
import { MANAGER_TID } from '../../src/i2o/tids.ts';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import type { Random } from '../../src/time/random.ts';

/** Numbers at the edges of what fields hold. */
const EDGES = [
  0, 1, -1, 2, 3, 4, 7, 8, 9, 10, 13, 14, 26, 27, 31, 32, 33, 127, 128, 255, 256, 4095, 4096, 65535, 65536,
  0xffffff, 0x1000000, 0x7fffffff, -0x80000000, -2, -4, -128,
];
/** Every element's flags, with the reserved and invalid ones between. */
const ELEMENT_FLAGS = [
  ...CATALOGUE.frame.elements.map(({ flags }) => flags),
  0x11,
  0x12,
  0x13,
  0x15,
  0x21,
  0x30,
  0x31,
  0x34,
  0x38,
  0x3c,
  0x44,
  0x54,
  0x55,
  0x57,
  0x74,
  0x78,
  0x7c,
];

type Mutation = (frame: Int32Array, random: Random, memory: Memory) => void;

/** What a fault may point at. */
export interface Memory {
  readonly layout: CardLayout;
  readonly words: Int32Array;
}

function anyAddress(random: Random, { layout, words }: Memory): number {
  const bytes = words.length * 4;
  switch (random.below(12)) {
    case 0:
      return random.nextInt32();
    case 1:
      return bytes - random.below(8);
    case 2:
      return layout.inbound + random.below(4096);
    case 3:
      return layout.outbound + random.below(4096);
    case 4:
      return layout.hostLedger + random.below(512);
    case 5:
      return layout.iopLedger + random.below(512);
    case 6:
      return layout.transmit.offset + random.below(layout.transmit.bufferBytes * 2);
    case 7:
      return layout.receive.offset - 4 + random.below(8);
    case 8:
      return layout.immediate.offset + random.below(256);
    case 9:
      return layout.control + random.below(4096);
    case 10:
      return layout.control + 4096 - random.below(16);
    default:
      return random.below(bytes);
  }
}

/** A word of the message behind its header, or one past its end. */
function bodyWord(frame: Int32Array, random: Random): number {
  const size = Math.min(Math.max(frame[0] >>> 16, 5), FRAME_WORDS);
  return 3 + random.below(size - 3);
}

const MUTATIONS: readonly Mutation[] = [
  // one bit of the message
  (frame, random) => {
    const size = Math.min(Math.max(frame[0] >>> 16, 4), FRAME_WORDS);
    frame[random.below(size)] ^= 1 << random.below(32);
  },
  // a field, or a half of a word, to an edge
  (frame, random) => {
    frame[bodyWord(frame, random)] = EDGES[random.below(EDGES.length)];
  },
  (frame, random) => {
    const word = bodyWord(frame, random);
    const value = EDGES[random.below(EDGES.length)] & 0xffff;
    frame[word] =
      random.below(2) === 0 ? (frame[word] & ~0xffff) | value : (frame[word] & 0xffff) | (value << 16);
  },
  // the size
  (frame, random) => {
    const near = (frame[0] >>> 16) - 2 + random.below(5);
    const size = random.below(3) === 0 ? EDGES[random.below(EDGES.length)] : near;
    frame[0] = (frame[0] & 0xffff) | (size << 16);
  },
  // flags, list offset, version
  (frame, random) => {
    frame[0] = (frame[0] & ~0xff00) | ((1 << random.below(8)) << 8);
  },
  (frame, random) => {
    frame[0] = (frame[0] & ~0xf0) | (random.below(16) << 4);
  },
  (frame, random) => {
    frame[0] = (frame[0] & ~0x7) | random.below(8);
  },
  // target, initiator, function
  (frame, random) => {
    frame[1] = (frame[1] & ~0xfff) | [0, 1, 0x010, 0x011, 0xfff, random.below(4096)][random.below(6)];
  },
  (frame, random) => {
    // The second initiator's often, since that one may send some messages.
    const initiator = random.below(3) === 0 ? MANAGER_TID : random.below(4096);
    frame[1] = (frame[1] & ~0xfff000) | (initiator << 12);
  },
  (frame, random) => {
    frame[1] = (frame[1] & 0xffffff) | (random.below(256) << 24);
  },
  // an element's type, its count, its address
  (frame, random) => {
    const word = listWord(frame, random);
    const flags = ELEMENT_FLAGS[random.below(ELEMENT_FLAGS.length)] | (random.below(3) === 0 ? 0x80 : 0);
    frame[word] = (frame[word] & 0xffffff) | (flags << 24);
  },
  (frame, random) => {
    const word = listWord(frame, random);
    frame[word] = (frame[word] & ~0xffffff) | (EDGES[random.below(EDGES.length)] & 0xffffff);
  },
  // whether an element is the last
  (frame, random) => {
    const offset = (frame[0] >>> 4) & 15;
    const elements = Math.max(1, Math.floor(((frame[0] >>> 16) - offset) / 3));
    frame[Math.min(offset + 3 * random.below(elements), FRAME_WORDS - 1)] ^= 0x80 << 24;
  },
  (frame, random, memory) => {
    frame[bodyWord(frame, random)] = anyAddress(random, memory);
  },
  chain,
];

function listWord(frame: Int32Array, random: Random): number {
  const offset = (frame[0] >>> 4) & 15;
  return offset < 3 || random.below(3) === 0 ? bodyWord(frame, random) : offset;
}

/**
 * Moves the list to the control area behind a chain pointer, which may lead back, overlap, or end nowhere.
 */
function chain(frame: Int32Array, random: Random, { layout, words }: Memory): void {
  const offset = (frame[0] >>> 4) & 15;
  const size = Math.min(frame[0] >>> 16, FRAME_WORDS);
  if (offset < 3 || offset + 2 > size) return;
  const address = layout.control + 4 * random.below(900);
  const length = size - offset;
  for (let i = 0; i < length; i++) words[(address >> 2) + i] = frame[offset + i];
  const kind = random.below(6);
  // A second pointer at the list's end: to itself, to the first, to anywhere.
  if (kind < 3) {
    words[(address >> 2) + length] = (0x30 << 24) | 64;
    words[(address >> 2) + length + 1] = kind === 0 ? address : anyAddress(random, { layout, words });
    words[address >> 2] = words[address >> 2] & ~(0x80 << 24);
  }
  const bytes = kind === 4 ? random.below(2048) : (length + 2) * 4;
  frame[offset] = (((random.below(4) === 0 ? 0x30 : 0xb0) | (kind === 5 ? 0x08 : 0)) << 24) | bytes;
  frame[offset + 1] = address;
  frame[0] = (frame[0] & 0xffff) | ((offset + 2) << 16);
}

/** Spoils a frame. */
export function mutate(frame: Int32Array, random: Random, memory: Memory): void {
  const faults = 1 + random.below(random.below(3) === 0 ? 3 : 1);
  for (let i = 0; i < faults; i++) MUTATIONS[random.below(MUTATIONS.length)](frame, random, memory);
}

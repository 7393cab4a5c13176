/**
 * Every case for a host: transfers of several sizes over several cards, and replies that nobody has asked for
 * in the middle of one.
 */
import { Validator } from '../../validate/validator.ts';
import type { CardOverrides } from '../../world/config/settings.ts';
import type { Vector } from '../card/vector-file.ts';
import { vectorFiles, wordsOf } from '../card/vectors.ts';
import type { Case, Finding } from '../link/case.ts';
import type { Link } from '../link/link.ts';
import { ForeignHost } from './foreign-host.ts';

const SIZES = [1, 100, 5000, 100_000];
const SMALL_TRANSFER = 300;
/** Announcements that nothing is behind, one before each of the first turns. */
const HINTS = 200;
/** Rules that compare the trace with the host's own counters, which a foreign host does not tell. */
const OF_THE_HOSTS_LEDGER = ['R-02', 'R-03', 'R-04', 'R-06'];
/** What is not known in a file once a send was refused: which buffers came back, and what was written to them. */
const OF_WRITES = ['O-05'];
const POOLS = {
  inboundFrames: 32,
  outboundFrames: 32,
  transmitBuffers: 16,
  transmitBufferBytes: 2048,
  receiveBuckets: 16,
  receiveBucketBytes: 2048,
  immediateSlots: 16,
};
const CARD: CardOverrides = { pools: POOLS, driver: { socketsMax: 16 } };
/** What a host may find otherwise than it expects. */
const CARDS: Readonly<Record<string, CardOverrides>> = {
  'few-frames': { ...CARD, pools: { ...POOLS, inboundFrames: 8, outboundFrames: 8 } },
  'few-buffers': { ...CARD, pools: { ...POOLS, transmitBuffers: 4, receiveBuckets: 4 } },
  'small-buffers': { ...CARD, pools: { ...POOLS, transmitBufferBytes: 512, receiveBucketBytes: 512 } },
  'other-address': { ...CARD, stack: { address: 0xc0a8_0105 } },
};

export function hostCases(): Case[] {
  const transfers = SIZES.map((bytes) => transferCase(`transfer/${bytes}`, CARD, bytes));
  const others = Object.entries(CARDS).map(([name, card]) => transferCase(`transfer/${name}`, card, 5000));
  const hints = transferCase('transfer/hints', CARD, 5000, HINTS);
  return [...transfers, ...others, hints, ...replyCases()];
}

function transferCase(id: string, card: CardOverrides, bytes: number, hints = 0): Case {
  return {
    id,
    kind: 'transfer',
    group: 'transfer',
    needs: [],
    run: (link) => transfer(link, id, card, bytes, [], hints),
  };
}

/** Bad replies of a message, in one case: a host refuses each, and does its work. */
function replyCases(): Case[] {
  return vectorFiles().flatMap((file) => {
    const bad = file.vectors.filter(({ kind, expect }) => kind === 'reply' && expect['judgement'] === 'bad');
    const messages = [...new Set(bad.map(({ message }) => message))];
    return messages.map((message): Case => {
      const vectors = bad.filter((vector) => vector.message === message);
      const id = `replies/${message}`;
      const group = file.path.replace(/\.json$/, '');
      const run = (link: Link): Finding[] => transfer(link, id, CARD, SMALL_TRANSFER, vectors);
      const ids = vectors.map((vector) => vector.id);
      return { id, kind: 'replies', group, message, form: 'bad replies', vectors: ids, needs: [], run };
    });
  });
}

function transfer(
  link: Link,
  id: string,
  card: CardOverrides,
  bytes: number,
  unasked: readonly Vector[] = [],
  hints = 0,
): Finding[] {
  const validator = new Validator();
  const host = new ForeignHost(link, id, card, bytes, validator);
  const frames = unasked.map(frameOf);
  const { failure, kept, counters } = host.run(
    frames.length === 0 ? undefined : (to) => to.strew(frames),
    hints,
  );
  const { violations } = validator.findings;
  const unseen = [...OF_THE_HOSTS_LEDGER, ...(host.marks?.unsure === true ? OF_WRITES : [])];
  const moved = counters['bytesDelivered'] ?? 0;
  return [
    ...(failure === '' ? [] : [{ what: failure }]),
    ...(kept === 0 ? [] : [{ what: `it is done, and has not released ${kept} frames of the card’s` }]),
    ...(failure === '' && moved < bytes ? [{ what: `it moved ${moved} bytes of ${bytes}` }] : []),
    ...violations
      .filter(({ rule }) => !unseen.includes(rule))
      .map(({ rule, title, frame, seen }) => ({ rule, what: `frame ${frame}: ${rule} ${title}: ${seen}` })),
  ];
}

/** A vector's frame, filled up to a whole one. */
function frameOf(vector: Vector): Int32Array {
  const frame = new Int32Array(32);
  frame.set(wordsOf(vector).subarray(0, 32));
  return frame;
}

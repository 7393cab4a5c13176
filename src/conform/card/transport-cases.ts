/**
 * Cases of a card's transport, as far as a pipe shows it: what is announced at once is served whole, also
 * where frames run short, an announcement too many does no harm, and nothing outlives a reset.
 */
import { FLAG_MULTIPLE, frameFlags, frameTransactionContext } from '../../i2o/frame.ts';
import type { CardOverrides } from '../../world/config/settings.ts';
import type { Case, Finding } from '../link/case.ts';
import type { Link } from '../link/link.ts';
import { ForeignBare } from './foreign-bare.ts';
import type { Vector } from './vector-file.ts';
import { VECTOR_CARD, VectorHost } from './vector-host.ts';
import { type VectorFileAt, vectorFile, wordsOf } from './vectors.ts';

const NEEDS = ['ExecOutboundInit', 'ExecSysTabSet', 'ExecSysEnable', 'ExecHrtGet', 'ExecIopReset'];
/** Requests announced at once: as many as there are frames. */
const BURST = 64;
const FEW_FRAMES = 8;
const HINTS = 5;
const TRANSACTION_WORD = 3;
const FIRST_TRANSACTION = 0x5000;
/** Time that a card may take for what it puts off. */
const REST_TURNS = 4;
const REST_NS = 1e6;
/** How far an index is moved that cannot be, beyond the capacity of its ring. */
const TOO_FAR = 9;

type Run = (trial: TransportTrial) => readonly string[];

const RUNS: Readonly<Record<string, readonly [run: Run, card?: CardOverrides]>> = {
  burst: [burst],
  together: [together],
  short: [burst, { pools: { ...VECTOR_CARD.pools, outboundFrames: FEW_FRAMES } }],
  hints: [hints],
  reset: [reset],
};
/** Only where the rings are in a file. */
const RING_RUNS: typeof RUNS = { index: [index] };

/** @param inFile whether the frames are in a file that both sides map. */
export function transportCases(inFile: boolean): Case[] {
  return Object.entries({ ...RUNS, ...(inFile ? RING_RUNS : {}) }).map(([name, [run, card = {}]]) => ({
    id: `transport/${name}`,
    kind: 'transport',
    group: 'transport',
    needs: NEEDS,
    run: (link): Finding[] => {
      const trial = new TransportTrial(link, `transport/${name}`, { ...VECTOR_CARD, ...card });
      return run(trial).map((what) => ({ what }));
    },
  }));
}

/** An operational card, and requests to it that are known by their transactions. */
class TransportTrial {
  readonly bare: ForeignBare;
  private readonly host: VectorHost;
  private readonly file: VectorFileAt;
  private transaction = FIRST_TRANSACTION;

  constructor(link: Link, name: string, overrides: CardOverrides) {
    this.bare = new ForeignBare(link, name, 'socket', overrides);
    this.host = new VectorHost(this.bare);
    this.file = vectorFile('executive.json');
    this.bringUp();
  }

  /** @returns the transactions of our own that were answered meanwhile. */
  bringUp(): number[] {
    const came = transactionsOf(this.host.bring(this.file, 'operational'));
    return came.filter((one) => one > FIRST_TRANSACTION && one <= this.transaction);
  }

  /** Writes so many requests that are answered at once, and tells nobody. @returns their transactions. */
  ask(count: number): number[] {
    return Array.from({ length: count }, () => {
      this.transaction += 1;
      this.write('ExecHrtGet', this.transaction);
      return this.transaction;
    });
  }

  askForReset(): void {
    this.transaction += 1;
    this.write('ExecIopReset', this.transaction);
  }

  /** Announces what was written. */
  announce(): void {
    this.bare.announce();
  }

  /** Lets the card work until it rests. @returns the transactions that it has answered. */
  answered(): number[] {
    return transactionsOf([...this.bare.run(), ...this.host.rest(REST_TURNS, REST_NS)]);
  }

  private write(message: string, transaction: number): void {
    const vector = this.file.vectors.find(({ id }) => id === `${message}/request/typical`) as Vector;
    const words = this.host.placed(vector);
    words[TRANSACTION_WORD] = transaction;
    if (words.length !== wordsOf(vector).length || !this.bare.write(words))
      throw new Error(`no frame is free for ${message}`);
  }
}

function transactionsOf(replies: readonly Int32Array[]): number[] {
  return replies
    .filter((reply) => (frameFlags(reply, 0) & FLAG_MULTIPLE) === 0)
    .map((reply) => frameTransactionContext(reply, 0));
}

/** What was announced at once is served without a further word, however few frames there are to answer in. */
function burst(trial: TransportTrial): readonly string[] {
  const asked = trial.ask(BURST);
  trial.announce();
  return [...unlike(asked, trial.answered()), kept(trial)].filter((what) => what !== '');
}

/** Answers that are ready together are announced together. */
function together(trial: TransportTrial): readonly string[] {
  const { card } = trial.bare;
  const asked = trial.ask(BURST);
  const before = { frames: card.frames, wakes: card.wakes };
  trial.announce();
  const wrong = unlike(asked, trial.answered());
  const frames = card.frames - before.frames;
  const wakes = card.wakes - before.wakes;
  if (wakes < frames || frames < BURST) return wrong;
  return [...wrong, `it announced each of ${frames} answers by itself, though all were asked for at once`];
}

/** An announcement that nothing is behind. */
function hints(trial: TransportTrial): readonly string[] {
  const { card } = trial.bare;
  const nothing: number[] = [];
  for (let hint = 0; hint < HINTS; hint++) {
    card.hint();
    nothing.push(...trial.answered());
  }
  const asked = trial.ask(1);
  trial.announce();
  card.hint();
  const wrong = unlike(asked, trial.answered());
  return [
    ...(nothing.length > 0 ? [`${nothing.length} answers came, and nothing was asked`] : []),
    ...wrong.map((what) => `after announcements that nothing was behind, ${what}`),
  ];
}

/** Requests before a reset and behind it, in one burst; then the card is brought up again. */
function reset(trial: TransportTrial): readonly string[] {
  const { bare } = trial;
  const first = trial.ask(FEW_FRAMES);
  trial.announce();
  const wrong = unlike(first, trial.answered());
  const before = trial.ask(FEW_FRAMES);
  trial.askForReset();
  const behind = trial.ask(FEW_FRAMES);
  trial.announce();
  const early = trial.answered();
  const meanwhile = trial.bringUp();
  const asked = trial.ask(FEW_FRAMES);
  trial.announce();
  const late = trial.answered();
  const outlived = [
    ...meanwhile,
    ...early.filter((one) => behind.includes(one)),
    ...late.filter((one) => !asked.includes(one)),
  ];
  return [
    ...wrong,
    ...(new Set(early).size === early.length ? [] : ['what was asked before the reset was answered twice']),
    ...(early.every((one) => before.includes(one) || behind.includes(one)) ? [] : ['an answer to nothing']),
    ...(outlived.length === 0
      ? []
      : [`${outlived.length} requests from before the reset were answered after it`]),
    ...unlike(asked, late).map((what) => `after the reset, ${what}`),
    ...(bare.framesLost() === '' ? [] : [`after the reset it has kept ${bare.framesLost()}`]),
  ];
}

/**
 * The host's index cannot be: the card leaves its ring alone, and is as new in the next case. The request is
 * shown by that index alone, since a card that runs by itself takes what an index before it has shown.
 */
function index(trial: TransportTrial): readonly string[] {
  const { card } = trial.bare;
  const asked = trial.ask(1);
  card.spoilTail(BURST + TOO_FAR);
  const answered = trial.answered().filter((one) => asked.includes(one) || one === 0);
  return answered.length === 0 ? [] : [`it served ${answered.length} frames of a ring whose tail cannot be`];
}

function unlike(asked: readonly number[], answered: readonly number[]): string[] {
  const left = asked.filter((one) => !answered.includes(one)).length;
  const strange = answered.filter((one) => !asked.includes(one)).length;
  const twice = answered.length - new Set(answered).size;
  return [
    left === 0 ? '' : `it rested over ${left} of ${asked.length} requests that were announced`,
    twice === 0 ? '' : `it answered ${twice} requests twice`,
    strange === 0 ? '' : `it answered ${strange} requests that were not asked`,
  ].filter((what) => what !== '');
}

function kept({ bare }: TransportTrial): string {
  const lost = bare.framesLost();
  return lost === '' ? '' : `it rested, and has kept ${lost}`;
}

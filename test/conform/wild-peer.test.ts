/**
 * Whatever comes over the pipe, `inic conform` gives each case a verdict and ends: the words of a good card
 * with bytes changed, cut out, doubled and made up in between, and hosts that say whatever comes to mind.
 */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Backend } from '../../src/conform/own/backend.ts';
import { OwnCard } from '../../src/conform/own/own-card.ts';
import { PipeFault } from '../../src/conform/pipe/fault.ts';
import {
  MessageReader,
  MessageWriter,
  type PipeMessage,
  wordsOfTime,
} from '../../src/conform/pipe/message.ts';
import * as pipe from '../../src/conform/pipe/pipe.gen.ts';
import { Conformance, type Conformed } from '../../src/conform/run/run.ts';
import { Random } from '../../src/time/random.ts';
import { LONG } from '../long.ts';

const SEEDS = LONG ? 400 : 16;
/** One byte in so many is spoilt. */
const SPOILT_IN = 4000;

/** Stands for the process at the other end: it hears bytes and says bytes. */
interface Wild {
  hear(message: PipeMessage): void;
  readonly writer: MessageWriter;
}

let wild: (random: Random) => Wild;
let random: Random;
let spoils = true;

vi.mock('../../src/conform/peer/peer.ts', () => ({
  Peer: class {
    private readonly said = new MessageReader();
    private readonly heard = new MessageReader();
    private readonly other = wild(random);

    send(bytes: Uint8Array): void {
      this.heard.push(bytes);
      for (let one = this.heard.next(); one !== undefined; one = this.heard.next()) this.other.hear(one);
      const answer = this.other.writer.take();
      this.said.push(spoils ? spoilt(answer) : answer);
    }

    next(): PipeMessage {
      const message = this.said.next();
      if (message === undefined) throw new PipeFault(pipe.PIPE_FAULT_HANG, 'no answer');
      return message;
    }

    kill(): void {}
  },
}));

/** Bytes with some of them changed, left out, doubled, or with a huge number between them. */
function spoilt(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    if (random.below(SPOILT_IN) !== 0) {
      out.push(bytes[i]);
      continue;
    }
    const way = random.below(5);
    if (way === 0) out.push(bytes[i] ^ (1 << random.below(8)));
    else if (way === 1) out.push(random.below(256));
    else if (way === 2) out.push(bytes[i], ...bytes.subarray(i, i + random.below(200)));
    else if (way === 3) i += random.below(100);
    else out.push(0xff, 0xff, 0xff, 0x7f);
  }
  return Uint8Array.from(out);
}

function ready(writer: MessageWriter, claims: string): void {
  writer.write(pipe.PIPE_READY, [1, pipe.PIPE_FEATURE_PUSH_WRITES], new TextEncoder().encode(claims), 0x20);
}

/** Our own card, in this process. */
function ownCard(): Wild {
  const writer = new MessageWriter();
  const backend = {
    send: (type: number, fields: readonly number[] = [], tail?: Uint8Array, fill?: number) =>
      writer.write(type, fields, tail, fill),
    frame: (number: number, words: Int32Array, at: number) =>
      writer.write(
        pipe.PIPE_FRAME,
        [number, 0],
        new Uint8Array(words.buffer, words.byteOffset + at * 4, pipe.PIPE_FRAME_BYTES),
      ),
    numbers: (type: number, numbers: readonly number[]) =>
      writer.write(type, [], new Uint8Array(Int32Array.from(numbers).buffer)),
    rest: (untilNs: number) => writer.write(pipe.PIPE_REST, wordsOfTime(untilNs)),
  } as unknown as Backend;
  let card: OwnCard | undefined;
  return {
    writer,
    hear(message) {
      if (message.type === pipe.PIPE_HELLO)
        ready(writer, 'executive utility socket lists parameters transactions preserve');
      else if (message.type === pipe.PIPE_BEGIN) card = new OwnCard(backend, message, undefined);
      else card?.hear(message);
    },
  };
}

/** Says well-formed messages of every kind, with numbers that are small, huge, or addresses that there are. */
function babbler(source: Random): Wild {
  const writer = new MessageWriter();
  const types = Object.keys(pipe.PIPE_MESSAGE_NAMES).map(Number);
  let places = [0, 1, -1, 0x7fff_ffff, -(2 ** 31)];
  const number = (): number => {
    const way = source.below(4);
    if (way === 0) return source.below(40);
    if (way === 1) return places[source.below(places.length)];
    if (way === 2) return places[source.below(places.length)] + source.below(9) - 4;
    return source.below(0x1_0000) | (source.below(0x1_0000) << 16);
  };
  const say = (): void => {
    const type = types[source.below(types.length)];
    const fields = Array.from({ length: pipe.PIPE_FIELD_COUNTS[type] }, number);
    if (type === pipe.PIPE_MEMORY_WRITE && source.below(2) === 0) fields[1] = 64;
    const length = type === pipe.PIPE_FRAME ? pipe.PIPE_FRAME_BYTES : source.below(20) * 4;
    const words = Int32Array.from({ length: length / 4 }, number);
    if (source.below(2) === 0 && words.length > 1) {
      words[0] = 0x0009_0001;
      words[1] = (source.below(256) << 24) | 0x0000_1000 | (source.below(2) * 0x10);
    }
    writer.write(type, fields, pipe.PIPE_TAILED.includes(type) ? new Uint8Array(words.buffer) : undefined);
  };
  return {
    writer,
    hear({ type, fields }) {
      if (type === pipe.PIPE_HELLO) ready(writer, 'executive utility socket');
      if (type === pipe.PIPE_BEGIN) places = [...places, ...fields];
      if (type !== pipe.PIPE_TURN) return;
      for (let count = source.below(6); count > 0; count--) say();
      if (source.below(3) === 0) writer.write(pipe.PIPE_DOORBELL);
      if (source.below(3) === 0) writer.write(pipe.PIPE_INTERRUPT);
      writer.write(pipe.PIPE_REST, wordsOfTime(source.below(2) === 0 ? Number.POSITIVE_INFINITY : 1e6));
    },
  };
}

function tried(role: 'card' | 'host', only: string): Conformed {
  return new Conformance({ target: { exec: 'nobody' }, role, only, patienceMs: 1000 }).run();
}

describe('the pipe', () => {
  beforeEach(() => {
    random = new Random(1);
    spoils = true;
  });

  it('carries our own card in this process, where nothing is spoilt', () => {
    spoils = false;
    wild = ownCard;
    const { verdicts } = tried('card', 'tBind/request');
    expect(verdicts.length).toBeGreaterThan(5);
    expect(verdicts.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
  });

  it('gives each case its verdict whatever becomes of a card’s bytes', () => {
    wild = ownCard;
    const faults = new Set<string>();
    for (let seed = 0; seed < SEEDS; seed++) {
      random = new Random(seed);
      const { verdicts, failure } = tried('card', seed % 8 === 0 ? 'tour/exchange' : 'Bind/request/t');
      if (failure === '') expect(verdicts.length).toBeGreaterThan(0);
      for (const { outcome, fault, findings } of verdicts) {
        expect(['passed', 'failed', 'notJudged']).toContain(outcome);
        if (outcome !== 'passed') expect(findings.length).toBeGreaterThan(0);
        if (fault !== null) faults.add(fault);
      }
    }
    expect(faults.size).toBeGreaterThan(1);
  });

  it('gives each case its verdict whatever a card or a host says', () => {
    spoils = false;
    wild = babbler;
    const faults = new Set<string>();
    for (let seed = 0; seed < 3 * SEEDS; seed++) {
      random = new Random(seed);
      const role = seed % 2 === 0 ? 'host' : 'card';
      const { verdicts } = tried(role, role === 'host' ? 'transfer/few' : 'Bind/request/t');
      expect(verdicts.length).toBeGreaterThan(0);
      for (const { outcome, fault } of verdicts) {
        expect(outcome).not.toBe('passed');
        if (fault !== null) faults.add(fault);
      }
    }
    expect(faults.size).toBeGreaterThan(3);
  });
});

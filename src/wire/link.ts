/**
 * What devices plug into, made of pipes: a loop-back plug brings a card's frames back to itself, a link joins
 * two cards.
 */
import type { DmaEngine } from '../dma/engine.ts';
import type { Region } from '../dma/region.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { PipeConfig } from './config.ts';
import { Pipe } from './pipe.ts';

/** An end of a link; the pipes are named so that a capture can be attached to them. */
export interface PipeEnd {
  readonly source: Pipe;
  readonly sink: Pipe;
}

/** What every pipe of a link needs. */
export interface LinkParts {
  readonly region: Region;
  readonly clock: Clock;
  /** Each pipe forks its own generator from it. */
  readonly random: Random;
  readonly ledger: Ledger;
  readonly dma: DmaEngine;
}

/** One pipe whose both ends are the same device's. @param offset what `planPipe` returned. */
export function createLoopback(parts: LinkParts, offset: number, config: PipeConfig): PipeEnd {
  const pipe = createPipe(parts, offset, config);
  return { source: pipe, sink: pipe };
}

/**
 * Two pipes of the same kind, one each way. @param offsets what two calls of `planPipe` returned.
 * @returns the end of the first device, and the end of the second.
 */
export function createLink(
  parts: LinkParts,
  offsets: readonly [number, number],
  config: PipeConfig,
): readonly [PipeEnd, PipeEnd] {
  const there = createPipe(parts, offsets[0], config);
  const back = createPipe(parts, offsets[1], config);
  return [
    { source: there, sink: back },
    { source: back, sink: there },
  ];
}

function createPipe(parts: LinkParts, offset: number, config: PipeConfig): Pipe {
  const { region, clock, random, ledger, dma } = parts;
  return new Pipe(region, offset, config, clock, random.fork(), ledger, dma);
}

/**
 * Frames a second between this process and a card in another, in the three forms of the pipe protocol: by the
 * pipe, by a shared file in turns, and by a shared file with a card that runs by itself:
 * `node dist/bench/foreign-card.js COMMAND [seconds] [rounds]`. Each form has a process of its own; they run in
 * turns, and shown are medians over the rounds, with the least and the most.
 */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ForeignBare } from '../src/conform/card/foreign-bare.ts';
import { VECTOR_CARD, VectorHost } from '../src/conform/card/vector-host.ts';
import { vectorFile, wordsOf } from '../src/conform/card/vectors.ts';
import { Link, type SharedFile } from '../src/conform/link/link.ts';
import { PIPE_ROLE_CARD } from '../src/conform/pipe/pipe.gen.ts';
import { NO_FRAME } from '../src/i2o/transport.ts';
import { mapOver, unmap } from '../src/linux/file-mapping.ts';
import { spreadOf } from '../src/record/statistics.ts';
import { MachineClock } from '../src/time/clock.ts';

const FORMS = ['pipe', 'file, in turns', 'file, free'] as const;
type Form = (typeof FORMS)[number];
/** Requests under way at once. */
const DEPTHS = [1, 16];
const PATIENCE_MS = 10_000;
/** Looks in vain before this side rests. */
const LOOKS = 2000;

/** A card that is up, has one open socket, and answers for its name. */
class Bench {
  private readonly bare: ForeignBare;
  private readonly frame: Int32Array;
  private readonly link: Link;
  private readonly path: string | undefined;
  private readonly free: boolean;

  constructor(command: string, form: Form) {
    this.path =
      form === 'pipe' ? undefined : join(tmpdir(), `inic-bench-${process.pid}-${FORMS.indexOf(form)}`);
    this.free = form === 'file, free';
    const { path, free } = this;
    const file: SharedFile | undefined =
      path === undefined ? undefined : { path, free, map: (region) => mapOver(path, region) };
    this.link = new Link({ exec: command }, PIPE_ROLE_CARD, PATIENCE_MS, PATIENCE_MS, file);
    this.bare = new ForeignBare(this.link, form, 'socket', VECTOR_CARD);
    const host = new VectorHost(this.bare);
    const vectors = vectorFile('socket.json');
    const wanted = vectors.vectors.find(({ id }) => id === 'SocketNameGet/request/typical')!;
    host.bring(vectors, wanted.state ?? 'operational');
    this.frame = wordsOf(wanted);
  }

  /** @returns frames a second, both ways. */
  run(seconds: number, depth: number, clock: MachineClock): number {
    clock.update();
    const startNs = clock.nowNs;
    let frames = 0;
    for (; clock.nowNs - startNs < seconds * 1e9; clock.update()) {
      for (let i = 0; i < depth; i++) if (!this.bare.write(this.frame)) throw new Error('no frame is free');
      this.bare.announce();
      const answers = this.free ? this.poll(depth) : this.bare.run().length;
      if (answers !== depth) throw new Error(`${answers} answers to ${depth} requests`);
      frames += 2 * depth;
    }
    return (frames / (clock.nowNs - startNs)) * 1e9;
  }

  /** Looks at the ring until so many answers have come; after looks in vain it asks for a word, and rests. */
  private poll(count: number): number {
    const { outbound } = this.bare.card;
    let came = 0;
    for (let looks = 1; came < count; looks++) {
      if (outbound.receive() !== NO_FRAME) {
        outbound.release();
        came += 1;
        looks = 0;
      } else if (looks > LOOKS && outbound.arm()) {
        this.bare.card.listen(PATIENCE_MS * 1e6);
        looks = 0;
      }
    }
    outbound.publish();
    return came;
  }

  end(): void {
    this.link.end();
    this.link.kill();
    if (this.path !== undefined) unmap(this.path);
    if (this.path !== undefined) rmSync(this.path, { force: true });
  }
}

/** @returns lines of a table. */
export function runForeignCardBench(command: string, seconds: number, rounds: number): string[] {
  const clock = new MachineClock();
  const benches = FORMS.map((form) => new Bench(command, form));
  const lines = DEPTHS.map((depth) => {
    const figures: number[][] = FORMS.map(() => []);
    for (let round = 0; round < rounds; round++)
      for (const [i, bench] of benches.entries()) figures[i].push(bench.run(seconds, depth, clock));
    return FORMS.map((form, i) => {
      const { median, min, max } = spreadOf(figures[i]);
      return `${form.padEnd(16)}${String(depth).padStart(3)} under way: ${thousands(median)} frames/s (${thousands(min)} to ${thousands(max)})`;
    });
  });
  for (const bench of benches) bench.end();
  return lines.flat();
}

const thousands = (value: number): string => Math.round(value).toLocaleString('en');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [command, seconds = '1', rounds = '5'] = process.argv.slice(2);
  if (command === undefined) throw new Error('foreign-card needs the command of a card');
  for (const line of runForeignCardBench(command, Number(seconds), Number(rounds)))
    process.stdout.write(`${line}\n`);
  process.exit(0);
}

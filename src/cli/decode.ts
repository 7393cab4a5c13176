/**
 * `inic decode FILE`: prints a trace in words, a line for each event, or as JSON, or as a Wireshark capture.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { SOCKET_ID_MAX } from '../i2o/socket-number.ts';
import { TraceLines } from '../report/trace-lines.ts';
import { messageNamed } from '../spec/catalogue.ts';
import { TraceDecoder, type TraceEvent } from '../trace/decode/decoder.ts';
import { EventFilter, type TraceFilter } from '../trace/decode/filter.ts';
import { PcapngExport } from '../trace/pcapng/export.ts';
import { cannotWrite, UserError } from './errors.ts';
import { CAPTURE } from './file-kinds.ts';
import { integerIn } from './numbers.ts';
import { readTraceArgument } from './trace-argument.ts';
import { checkReplaceable, isSameFile } from './writable.ts';

interface Flags {
  readonly socket?: number[];
  readonly message?: string[];
  readonly from?: number;
  readonly to?: number;
  readonly frame?: readonly [number, number];
  readonly all?: true;
  readonly json?: true;
  readonly pcapng?: string;
}

const UNITS_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, '': 1e9 };
/** How much is gathered before it is written: more than any block of a capture. */
const OUTPUT_BYTES = 1 << 20;

export function addDecode(program: Command): void {
  program
    .command('decode')
    .description('print a trace in words')
    .argument('<file>', 'a trace, as bench and run write it with --trace; - reads standard input')
    .option(
      '--socket <number>',
      'only frames of this socket; may be repeated',
      collect(integerIn(0, SOCKET_ID_MAX)),
    )
    .option(
      '--message <name>',
      'only this message, such as SocketSend; may be repeated',
      collect(messageName),
    )
    .option('--from <time>', 'from this time on, such as 1.5ms; seconds without a unit', timeNs)
    .option('--to <time>', 'up to this time', timeNs)
    .option('--frame <range>', 'only these frames, such as 100-200 or 17', frameRange)
    .option('--all', 'who owns which frame slot, and what was written where, as well')
    .option('--json', 'one JSON object a line')
    .option(
      '--pcapng <file>',
      'write frames and packets as a capture for Wireshark instead; - writes standard output',
    )
    .action(decode);
}

async function decode(file: string, flags: Flags): Promise<void> {
  if (flags.json && flags.pcapng !== undefined) throw new UserError('--json or --pcapng, not both');
  const wanted = filterOf(flags);
  if (wanted.fromNs > wanted.toNs) throw new UserError('--from is later than --to');
  if (flags.pcapng !== undefined) {
    await exportTo(flags.pcapng, file, wanted, flags);
    return;
  }
  const filters: EventFilter[] = [];
  await readTraceArgument(file, () => {
    const filter = new EventFilter(wanted);
    filters.push(filter);
    const lines = new TraceLines();
    return new TraceDecoder((event) => {
      // The filter wants every head, from which `lines` learns where memory lies.
      if (filter.wants(event)) process.stdout.write(flags.json ? jsonLine(event) : lines.lines(event));
    });
  });
  checkFound(file, flags, filters);
}

/** @throws UserError where options chose what no trace of the file holds. */
function checkFound(file: string, flags: Flags, filters: readonly EventFilter[]): void {
  const { socket, message, from, to, frame } = flags;
  const chosen = Object.entries({ socket, message, from, to, frame }).filter(
    ([, said]) => said !== undefined,
  );
  if (chosen.length === 0 || filters.some(({ chosen }) => chosen > 0)) return;
  const options = chosen.map(([name]) => `--${name}`).join(', ');
  const frames = Math.max(...filters.map(({ frames }) => frames));
  const seconds = Math.max(...filters.map(({ endNs }) => endNs)) / 1e9;
  throw new UserError(
    `${options}: nothing in ${file} is so: it has frames 1 to ${frames}, and ends at ${seconds.toFixed(3)} s`,
  );
}

/** Writes a capture. If the trace is damaged, the capture holds what was read before the damage. */
async function exportTo(path: string, file: string, wanted: TraceFilter, flags: Flags): Promise<void> {
  if (path !== '-' && file !== '-' && isSameFile(path, file)) {
    throw new UserError(`--pcapng ${path} is the trace itself`);
  }
  if (path !== '-') checkReplaceable(path, CAPTURE);
  const filters: EventFilter[] = [];
  const output = new CaptureOutput(path);
  const capture = new PcapngExport((bytes) => output.write(bytes));
  try {
    await readTraceArgument(file, () => {
      const filter = new EventFilter(wanted);
      filters.push(filter);
      return new TraceDecoder((event) => {
        if (filter.wants(event)) capture.event(event);
      });
    });
  } finally {
    capture.finish();
    output.close();
  }
  checkFound(file, flags, filters);
}

/** Where a capture goes: a file, written in large pieces, or standard output. */
class CaptureOutput {
  private readonly file: number;
  private readonly gathered = new Uint8Array(OUTPUT_BYTES);
  private readonly path: string;
  private used = 0;
  private failed = false;

  constructor(path: string) {
    this.path = path;
    try {
      this.file = path === '-' ? -1 : openSync(path, 'w');
    } catch (error) {
      throw cannotWrite(path, error);
    }
  }

  write(bytes: Uint8Array): void {
    if (this.file < 0) {
      process.stdout.write(bytes);
      return;
    }
    if (this.used + bytes.length > OUTPUT_BYTES) this.flush();
    this.gathered.set(bytes, this.used);
    this.used += bytes.length;
  }

  close(): void {
    if (this.file < 0) return;
    this.flush();
    this.attempt(() => closeSync(this.file));
  }

  private flush(): void {
    this.attempt(() => {
      for (let done = 0; done < this.used; )
        done += writeSync(this.file, this.gathered, done, this.used - done);
    });
    this.used = 0;
  }

  /** What cannot be written is told once: the end of the capture must not hide why it came early. */
  private attempt(action: () => void): void {
    if (this.failed) return;
    try {
      action();
    } catch (error) {
      this.failed = true;
      throw cannotWrite(this.path, error);
    }
  }
}

function filterOf(flags: Flags): TraceFilter {
  const [firstFrame, lastFrame] = flags.frame ?? [0, Number.POSITIVE_INFINITY];
  return {
    sockets: flags.socket ?? [],
    messages: flags.message ?? [],
    fromNs: flags.from ?? 0,
    toNs: flags.to ?? Number.POSITIVE_INFINITY,
    firstFrame,
    lastFrame,
    all: flags.all === true,
  };
}

function jsonLine(event: TraceEvent): string {
  const { type } = event;
  const plain = type === 'packet' ? { ...event, bytes: Buffer.from(event.bytes).toString('hex') } : event;
  return `${JSON.stringify(plain)}\n`;
}

function collect<T>(parse: (text: string) => T): (text: string, before: T[] | undefined) => T[] {
  return (text, before) => [...(before ?? []), parse(text)];
}

function messageName(text: string): string {
  const message = messageNamed(text);
  if (message === undefined) throw new InvalidArgumentError(`no message is named "${text}"; see inic spec.`);
  return message.name;
}

function timeNs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ns|us|µs|ms|s|)$/.exec(text);
  if (match === null) throw new InvalidArgumentError(`expected a time such as 1.5ms or 2s, got "${text}".`);
  return Number(match[1]) * UNITS_NS[match[2]];
}

function frameRange(text: string): readonly [number, number] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first > last) {
    throw new InvalidArgumentError(`expected a frame or a range such as 100-200, got "${text}".`);
  }
  return [first, last];
}

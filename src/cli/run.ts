/**
 * `inic run FILE [args…]`: runs an unchanged program with its TCP sockets on the card. The program finds the
 * same arguments and globals as under `node FILE args…`, and Node prints what it throws.
 */
import { readFileSync, statSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Transport } from '../dma/card-layout.ts';
import { TRANSPORTS } from '../i2o/queues/queues.ts';
import { SOCKETS_MAX } from '../i2o/socket-number.ts';
import type { Underneath } from '../node/start.ts';
import { packageVersion } from '../record/manifest.ts';
import { placementLine, poolLines, runSummary, sharingLine } from '../report/run-summary.ts';
import { nextTurn } from '../time/timers.ts';
import { FileSink } from '../trace/file-sink.ts';
import type { TraceRequest } from '../world/build/card-trace.ts';
import { PLACEMENT_CHOICES, type PlacementChoice } from '../world/open/placement.ts';
import { cannotWrite, systemErrorText, UserError } from './errors.ts';
import { beforeFatalSignal } from './fatal-signals.ts';
import { FRAME_TRACE } from './file-kinds.ts';
import { integerIn, oneOf } from './numbers.ts';
import { addTapOptions, inFlags, type TapFlags, tapOptions } from './tap-options.ts';
import { checkReplaceable, isSameFile } from './writable.ts';

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('run a Node program with its TCP sockets on the card')
    .argument('<file>', 'the program')
    .argument('[args...]', 'its arguments')
    .option('--offload <rule>', 'which sockets go to the card, such as "port 8080"', 'all')
    .addOption(transportOption())
    .addOption(iopOption())
    .option(
      '--sockets <number>',
      "sockets the card has; further ones are the kernel's",
      integerIn(1, SOCKETS_MAX),
    )
    .option('--trace <file>', "record the card's frames");
  addTapOptions(command)
    .option('--ledger', 'say on stderr at the end what went over the card')
    .passThroughOptions()
    .action(run);
}

function transportOption(): Option {
  return new Option('--transport <name>', "how frames travel: ring, or fifo (I2O's four FIFOs)")
    .argParser(oneOf(TRANSPORTS))
    .default('ring');
}

function iopOption(): Option {
  const words = "where the card runs: thread, inline (the program's thread), or auto, the default";
  return new Option('--iop <where>', words).argParser(oneOf(PLACEMENT_CHOICES));
}

const PLAIN_KERNELS = 'no WebAssembly memory to be had: plain code copies and sums, several times slower';

interface RunOptions extends TapFlags {
  readonly offload: string;
  readonly iop?: PlacementChoice;
  readonly ledger?: true;
  readonly sockets?: number;
  readonly trace?: string;
  readonly transport: Transport;
}

async function run(file: string, args: string[], options: RunOptions): Promise<void> {
  const path = programPath(file);
  const { trace } = options;
  if (trace !== undefined) checkTrace(trace, path);
  const recording = trace === undefined ? undefined : new Recording(trace);
  const under = await putCardUnder(options, recording);
  recording?.begun();
  if (under !== undefined && !options.ledger) await keepUncounted();
  if (under !== undefined && (options.ledger || options.tap !== undefined || recording !== undefined))
    await sayAtTheEnd(under, options, recording);
  process.argv = [process.execPath, path, ...args];
  // Node's own entry, called from the event loop: so `require.main` is the program, and its stack traces hold
  // no function of ours.
  nextTurn((Module as unknown as { runMain: () => void }).runMain);
}

/** Only the ledger tells how many connections the kernel brought, and a listener's handle shows that they are counted. */
async function keepUncounted(): Promise<void> {
  const { routes } = await import('../node/install.ts');
  routes.countsKernel = false;
}

/** @throws UserError where a trace would take the place of the program, or of anything but a trace. */
function checkTrace(trace: string, program: string): void {
  if (isSameFile(trace, program)) throw new UserError(`--trace ${trace} is the program itself`);
  checkReplaceable(trace, FRAME_TRACE);
}

/** @returns the program's full path. As with Node, the extension or an `index.js` may be left out. */
function programPath(file: string): string {
  if (file === '-')
    throw new UserError(
      'cannot run -: a program on standard input is run by "node --import inic/register -"',
    );
  let path = resolve(file);
  try {
    path = createRequire(`${process.cwd()}/`).resolve(path);
    if (!statSync(path).isFile()) throw new UserError(`cannot run ${file}: it is not a file`);
    readFileSync(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'MODULE_NOT_FOUND') throw new UserError(`cannot run ${file}: ${systemErrorText(error)}`);
    const folder = statSync(resolve(file), { throwIfNoEntry: false })?.isDirectory() === true;
    const words = folder ? 'it is a directory without an index.js' : 'no such file';
    throw new UserError(`cannot run ${file}: ${words}`);
  }
  return path;
}

/** Has the ledger told, connections and the trace ended, whether the program ends by itself or by a signal. */
async function sayAtTheEnd(
  under: Underneath,
  { ledger }: RunOptions,
  recording: Recording | undefined,
): Promise<void> {
  const { routes } = await import('../node/install.ts');
  // It must run before the card's own exit handler: a stopped card takes nothing more off its wire.
  if (ledger) process.prependOnceListener('exit', () => tell(under, routes.lines()));
  beforeFatalSignal(() => {
    if (ledger) tell(under, routes.lines());
    under.card?.endTrace();
    recording?.tell();
  });
}

/** Prints which way the program's connections went, and what went over the card. */
function tell({ card, placed }: Underneath, ways: readonly string[]): void {
  for (const line of ways) process.stderr.write(`inic: ${line}\n`);
  if (card === undefined) {
    process.stderr.write(
      `inic: no card was opened: no socket needed one (${placed.placement}, ${placed.why})\n`,
    );
    return;
  }
  process.stderr.write(`inic: ${placementLine(placed)}\n`);
  if (card.kernels === 'plain') process.stderr.write(`inic: ${PLAIN_KERNELS}\n`);
  const pools = poolLines(card.pools(), card.stalls());
  const { lines } = card.reconcile();
  const { host, iop } = card.ledger();
  for (const line of runSummary(host, iop, card.stack.socketsInUse, lines))
    process.stderr.write(`inic: ${line}\n`);
  for (const line of pools) process.stderr.write(`inic: ${line}\n`);
  process.stderr.write(`inic: ${sharingLine(card.configuration)}\n`);
}

async function putCardUnder(
  options: RunOptions,
  recording: Recording | undefined,
): Promise<Underneath | undefined> {
  const { iop, offload, sockets, transport } = options;
  const tap = tapOptions(options);
  if (tap !== undefined && iop === 'inline') throw new UserError('--tap wants --iop thread');
  const { registerForProgram } = await import('../node/start.ts');
  try {
    return await registerForProgram({ offload }, recording && (() => recording.request()), {
      transport,
      ...(iop === undefined || tap !== undefined ? {} : { placement: iop }),
      ...(tap === undefined ? {} : { tap }),
      ...(sockets === undefined ? {} : { driver: { socketsMax: sockets } }),
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof SyntaxError) throw new UserError(`--offload: ${message}`);
    throw new UserError(tap === undefined ? `cannot open the card: ${message}` : inFlags(message));
  }
}

/** The file of a trace, which is ended when the process ends in any way but SIGKILL. */
class Recording {
  private readonly path: string;
  private sink: FileSink | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Opens it, for the card that is about to be opened. */
  request(): TraceRequest {
    try {
      this.sink = new FileSink(this.path);
    } catch (error) {
      throw cannotWrite(this.path, error);
    }
    return {
      sink: this.sink,
      product: `inic ${packageVersion()}`,
      command: ['inic', ...process.argv.slice(2)],
    };
  }

  /** The card is open: its handler that ends the trace comes first. @throws UserError if it began badly. */
  begun(): void {
    const { reason = '' } = this.sink ?? {};
    if (reason !== '') throw new UserError(`cannot write ${this.path}: ${reason}`);
    process.on('exit', () => {
      if (this.tell()) process.exitCode ||= 1;
    });
  }

  /** Says what is wrong with it, once it has ended. @returns whether anything is. */
  tell(): boolean {
    const { reason = '' } = this.sink ?? {};
    if (reason === '') return false;
    process.stderr.write(`inic: ${this.path} is not whole, and holds the frames up to there: ${reason}\n`);
    return true;
  }
}

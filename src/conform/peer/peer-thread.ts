/**
 * The thread that speaks to a back-end: it starts the process or connects to the socket, and passes bytes on
 * both ways, so that the program's thread can wait for them with a time limit.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { type MessagePort, workerData } from 'node:worker_threads';
import { FutexWaker } from '../../time/sleeper.ts';

/** How the back-end is reached. */
export type PeerTarget =
  | { readonly exec: string; readonly socket?: undefined }
  | { readonly socket: string; readonly exec?: undefined };

export interface PeerThreadData {
  readonly target: PeerTarget;
  /** Where the waiting thread rests. */
  readonly signal: SharedArrayBuffer;
  /** Bytes for the back-end come this way, and news of it go. */
  readonly port: MessagePort;
}

/** What the thread tells: bytes, the number of the process, or that there will be no more. */
export type PeerNews =
  | { readonly bytes: Uint8Array }
  | { readonly pid: number }
  | { readonly closed: true }
  | { readonly ended: string };

const data = workerData as PeerThreadData;
const { port } = data;
const signal = new FutexWaker(new Int32Array(data.signal), 0);
let ended = false;

function tell(news: PeerNews): void {
  port.postMessage(news);
  signal.wake();
}

function end(words: string): void {
  if (ended) return;
  ended = true;
  tell({ ended: words });
}

function join(input: Readable, output: Writable): void {
  input.on('data', (bytes: Uint8Array) => tell({ bytes: new Uint8Array(bytes) }));
  output.on('error', () => {});
  port.on('message', (bytes: Uint8Array | 'close') => {
    if (bytes === 'close') output.end();
    else output.write(bytes);
  });
}

/** One program and its arguments: no assignment before it, and nothing that only a shell does. */
const ONE_PROGRAM = /^[^\s=]+(\s[^;&|<>()`\n]*)?$/;
/** What the shell does itself, without a program. */
const BUILT_IN =
  /^(exec|exit|cd|eval|trap|wait|read|umask|unset|command|set|export|ulimit|source|time|if|for|while)\b|^[.:!{[]\s/;

/**
 * A shell that waits for one program holds the program's output open, so that nobody sees that it was closed,
 * and tells its end by a signal as a number: the program takes the shell's place.
 */
function inPlace(command: string): string {
  const line = command.trim();
  return ONE_PROGRAM.test(line) && !BUILT_IN.test(line) ? `exec ${line}` : command;
}

function start(command: string): void {
  // A shell reads the command, in a group of its own: whatever it starts is ended with it.
  const child: ChildProcess = spawn(inPlace(command), {
    shell: true,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.on('error', (error) => end(error.message));
  child.stdout!.on('end', () => tell({ closed: true }));
  child.on('close', (code, by) => {
    end(by === null ? `the process ended with exit status ${code}` : `the process was ended by ${by}`);
  });
  if (child.pid !== undefined) tell({ pid: child.pid });
  join(child.stdout!, child.stdin!);
}

function reach(path: string): void {
  const socket = connect(path);
  socket.on('error', (error) => end(`the socket ${path}: ${error.message}`));
  socket.on('close', () => end('it closed the socket'));
  join(socket, socket);
}

if (data.target.exec !== undefined) start(data.target.exec);
else reach(data.target.socket);

/** A Redis server of a test's own, and the program's verbs beside it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll } from 'vitest';
import { pause } from '../../src/time/timers.ts';
import { MAIN } from '../cli/commands.ts';

export const redisMissing = spawnSync('redis-server', ['--version']).status !== 0;

const running = new Set<ChildProcess>();

/** Ends what a test has begun, whatever became of the test. */
export function endProcesses(): void {
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
  });
}

function begin(command: string, args: readonly string[], folder: string): ChildProcess {
  const child = spawn(command, args, { cwd: folder });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface RedisServer {
  readonly url: string;
  /** A connection of the test's own. */
  readonly client: Redis;
  kill(): Promise<void>;
}

/** @param port of an earlier one, to be it again, without what it knew. */
export async function redisServer(folder: string, port: number, ...more: string[]): Promise<RedisServer> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...more];
  const child = begin('redis-server', args, folder);
  const client = new Redis({ port, maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => {});
  await client.ping().catch(() => {}); // one that asks for a password says so
  const kill = async (): Promise<void> => {
    client.disconnect();
    child.kill('SIGKILL');
    await once(child, 'close');
  };
  return { url: `redis://127.0.0.1:${port}`, client, kill };
}

/** A verb that runs, and what it has said so far. */
export class Verb {
  stderr = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(folder: string, ...args: string[]) {
    this.child = begin(process.execPath, [MAIN, ...args], folder);
    this.child.stdout?.resume();
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Waits until it has said something. */
  async says(words: RegExp): Promise<void> {
    while (!words.test(this.stderr)) {
      if (this.child.exitCode !== null) throw new Error(`it ended, and said: ${this.stderr}`);
      await pause(20);
    }
  }
}

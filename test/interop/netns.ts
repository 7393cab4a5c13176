/** Network namespaces of the tests' own, and processes in them. All of it is gone when the tests end. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Why the kernel cannot be talked to here; undefined where it can. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync('/dev/net/tun')) return 'no /dev/net/tun';
  if (!isInstalled('ip')) return 'no program "ip"';
  try {
    execFileSync('ip', ['netns', 'add', `inic-probe-${process.pid}`]);
    execFileSync('ip', ['netns', 'del', `inic-probe-${process.pid}`]);
    return undefined;
  } catch {
    return 'no network namespaces';
  }
}

export function isInstalled(program: string): boolean {
  const folders = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`.split(':');
  return folders.some((folder) => existsSync(`${folder}/${program}`));
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Netns {
  readonly name: string;
  private readonly running = new Set<ChildProcess>();

  constructor(name: string) {
    this.name = `inic-${name}-${process.pid}`;
    execFileSync('ip', ['netns', 'add', this.name]);
    this.ip('link', 'set', 'lo', 'up');
  }

  /** `ip` in this namespace. */
  ip(...args: string[]): void {
    execFileSync('ip', ['-n', this.name, ...args]);
  }

  /** Runs a program to its end. */
  async run(command: string, ...args: string[]): Promise<Outcome> {
    const { child, outcome } = this.start(command, args);
    this.running.add(child);
    return await outcome;
  }

  /** Starts a program that prints `listening` when it is ready. @returns what ends it. */
  serve(command: string, ...args: string[]): Promise<() => Promise<Outcome>> {
    return this.serveFrom('listening', command, ...args);
  }

  /** The same of one that prints something else. */
  async serveFrom(ready: string, command: string, ...args: string[]): Promise<() => Promise<Outcome>> {
    const { child, outcome } = this.start(command, args);
    this.running.add(child);
    await Promise.race([
      new Promise<void>((resolve) => {
        child.stdout?.on('data', (bytes) => String(bytes).includes(ready) && resolve());
      }),
      outcome.then(({ stderr }) => {
        throw new Error(`${command} ${args.join(' ')} ended before it listened: ${stderr}`);
      }),
    ]);
    outcome.catch(() => {});
    return async () => {
      child.kill('SIGTERM');
      return await outcome;
    };
  }

  /** Ends what still runs, and the namespace. */
  close(): void {
    for (const child of this.running) child.kill('SIGKILL');
    execFileSync('ip', ['netns', 'del', this.name]);
  }

  private start(command: string, args: readonly string[]) {
    const child = spawn('ip', ['netns', 'exec', this.name, command, ...args]);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (bytes) => (stdout += String(bytes)));
    child.stderr.on('data', (bytes) => (stderr += String(bytes)));
    const outcome = new Promise<Outcome>((resolve) => {
      child.once('close', (code) => {
        this.running.delete(child);
        resolve({ code, stdout, stderr });
      });
    });
    return { child, outcome };
  }
}

/** Calibration's end of the channel to the process of one live world. */
import { type ChildProcess, fork } from 'node:child_process';
import { spreadOf } from '../record/statistics.ts';
import { alarm } from '../time/timers.ts';
import type { LiveAnswer, LiveCommand, LivePlan, Round } from './live-protocol.ts';

/** How much longer a command may take than it was asked to run: a busy machine lets threads wait. */
const GRACE_MS = 60_000;

export class LiveClient {
  private readonly child: ChildProcess;
  private errors = '';
  private settle: (answer: LiveAnswer | Error) => void = () => {};

  /** A process that waits for its command. */
  constructor() {
    this.child = fork(new URL('./live-side.js', import.meta.url), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.errors = (this.errors + chunk.toString()).slice(-4000);
    });
    this.child.on('message', (answer: LiveAnswer) => this.settle(answer));
    this.child.on('error', (error) => this.settle(error));
    this.child.on('exit', (code, signal) => this.settle(new Error(this.lastWords(code, signal))));
  }

  /** @throws Error with one line when the world does not come up. */
  static async open(plan: LivePlan): Promise<LiveClient> {
    const client = new LiveClient();
    try {
      await client.ask({ type: 'open', plan }, GRACE_MS);
    } catch (error) {
      client.kill();
      throw error;
    }
    return client;
  }

  async run(stretches: number, durationNs: number): Promise<readonly Round[]> {
    const answer = await this.ask(
      { type: 'run', stretches, durationNs },
      (stretches * durationNs) / 1e6 + GRACE_MS,
    );
    if (answer.type !== 'ran') throw new Error(`unexpected answer "${answer.type}"`);
    return answer.rounds;
  }

  /** How long each call takes that wakes the card's thread while it sleeps, in nanoseconds. */
  async ring(count: number): Promise<readonly number[]> {
    const answer = await this.ask({ type: 'ring', count }, GRACE_MS);
    if (answer.type !== 'rang') throw new Error(`unexpected answer "${answer.type}"`);
    return answer.ringNs;
  }

  /** How much longer news takes to a program that rests in its event loop than to one that looks for it. */
  async loop(count: number): Promise<number> {
    const answer = await this.ask({ type: 'loop', count }, GRACE_MS);
    if (answer.type !== 'looped') throw new Error(`unexpected answer "${answer.type}"`);
    const { restingNs, lookingNs } = answer;
    return Math.max(0, spreadOf(restingNs).median - spreadOf(lookingNs).median);
  }

  async close(): Promise<void> {
    await this.ask({ type: 'close' }, GRACE_MS).finally(() => this.kill());
  }

  /** Ends the process, whatever it is doing. */
  kill(): void {
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
  }

  private ask(command: LiveCommand, timeoutMs: number): Promise<LiveAnswer> {
    return new Promise((resolve, reject) => {
      const callOff = alarm(timeoutMs, () => this.settle(new Error(`no answer for ${timeoutMs / 1000} s`)));
      this.settle = (answer) => {
        this.settle = () => {};
        callOff();
        if (answer instanceof Error) reject(answer);
        else if (answer.type === 'failed') reject(new Error(answer.error));
        else resolve(answer);
      };
      this.child.send(command, (error) => {
        if (error !== null) this.settle(error);
      });
    });
  }

  private lastWords(code: number | null, signal: string | null): string {
    const ending = signal === null ? `code ${code}` : `signal ${signal}`;
    const line = this.errors.split('\n').findLast((text) => /error/i.test(text));
    return `its process ended with ${ending}${line === undefined ? '' : `: ${line.trim()}`}`;
  }
}

/** The bench's end of the channel to the process of one side. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Repeat } from '../record/result.ts';
import { alarm } from '../time/timers.ts';
import type { Answer, Command, SidePlan, SideSummary } from './side-protocol.ts';

/** How much longer a command may take than it was asked to run. */
export const GRACE_MS = 30_000;

export class SideClient {
  private readonly child: ChildProcess;
  private errors = '';
  private readonly graceMs: number;
  private waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  /** @param graceMs how much longer a command may take than it was asked to run. */
  constructor(graceMs = GRACE_MS) {
    this.graceMs = graceMs;
    this.child = fork(new URL('./side.js', import.meta.url), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.errors = (this.errors + chunk.toString()).slice(-4000);
    });
    this.child.on('message', (answer: Answer) => this.settle(answer));
    this.child.on('error', (error) => this.waiting?.reject(error));
    this.child.on('exit', (code, signal) => this.waiting?.reject(new Error(this.lastWords(code, signal))));
  }

  async open(plan: SidePlan): Promise<void> {
    await this.ask({ type: 'open', plan }, this.graceMs);
  }

  async run(durationNs: number, warmup: boolean): Promise<Repeat> {
    const answer = await this.ask({ type: 'run', durationNs, warmup }, durationNs / 1e6 + this.graceMs);
    if (answer.type !== 'ran') throw new Error(`unexpected answer "${answer.type}"`);
    return answer.repeat;
  }

  async close(): Promise<SideSummary> {
    const answer = await this.ask({ type: 'close' }, this.graceMs);
    if (answer.type !== 'closed') throw new Error(`unexpected answer "${answer.type}"`);
    return answer.summary;
  }

  /** Ends the process, whatever it is doing. What is waited for fails. */
  kill(): void {
    this.waiting?.reject(new Error('its process was stopped'));
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
  }

  private ask(command: Command, timeoutMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const callOff = alarm(timeoutMs, () => reject(new Error(`no answer for ${timeoutMs / 1000} s`)));
      const settled = (): void => {
        callOff();
        this.waiting = undefined;
      };
      this.waiting = {
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      this.child.send(command, (error) => {
        if (error !== null) this.waiting?.reject(error);
      });
    });
  }

  private settle(answer: Answer): void {
    if (answer.type === 'failed') this.waiting?.reject(new Error(answer.error));
    else this.waiting?.resolve(answer);
  }

  private lastWords(code: number | null, signal: string | null): string {
    const ending = signal === null ? `code ${code}` : `signal ${signal}`;
    const line = this.errors.split('\n').findLast((text) => /error/i.test(text));
    return `its process ended with ${ending}${line === undefined ? '' : `: ${line.trim()}`}`;
  }
}

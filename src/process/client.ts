/** The caller's end of the channel to a process that measures: one command at a time, one answer to each. */
import { type ChildProcess, fork } from 'node:child_process';
import { alarm } from '../time/timers.ts';
import type { FailedAnswer } from './obey.ts';

/** How much of what the process says on its standard error is kept, in characters. */
const ERRORS_KEPT = 4000;

type Typed = { readonly type: string };

export class ProcessClient<Command extends Typed, Answer extends Typed> {
  private readonly child: ChildProcess;
  private errors = '';
  private waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  /** Starts a process that waits for its command. @param script a module that calls `obeyCommands` */
  constructor(script: URL) {
    this.child = fork(script, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.errors = (this.errors + chunk.toString()).slice(-ERRORS_KEPT);
    });
    this.child.on('message', (answer: Answer | FailedAnswer) => this.settle(answer));
    this.child.on('error', (error) => this.waiting?.reject(error));
    // Its end may be heard of before its last answer: it has said all once its pipes are closed too.
    this.child.on('close', (code, signal) => this.waiting?.reject(new Error(this.lastWords(code, signal))));
  }

  /**
   * @param type of the answer that this command has. @param timeoutMs after which no answer is an error.
   * @throws Error with one line: what the process says, how it ended, or that it does not answer.
   */
  async ask<Type extends Answer['type']>(
    command: Command,
    type: Type,
    timeoutMs: number,
  ): Promise<Extract<Answer, { readonly type: Type }>> {
    const answer = await this.answerTo(command, timeoutMs);
    if (answer.type !== type) throw new Error(`unexpected answer "${answer.type}"`);
    return answer as Extract<Answer, { readonly type: Type }>;
  }

  /** Ends the process, whatever it is doing. What is waited for fails. */
  kill(): void {
    this.waiting?.reject(new Error('its process was stopped'));
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
  }

  private answerTo(command: Command, timeoutMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
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
      const { waiting } = this;
      const callOff = alarm(timeoutMs, () =>
        waiting.reject(new Error(`no answer for ${timeoutMs / 1000} s`)),
      );
      this.child.send(command, (error) => {
        if (error !== null) this.waiting?.reject(error);
      });
    });
  }

  private settle(answer: Answer | FailedAnswer): void {
    if (isFailed(answer)) this.waiting?.reject(new Error(answer.error));
    else this.waiting?.resolve(answer);
  }

  private lastWords(code: number | null, signal: string | null): string {
    const ending = signal === null ? `code ${code}` : `signal ${signal}`;
    const line = this.errors.split('\n').findLast((text) => /error/i.test(text));
    return `its process ended with ${ending}${line === undefined ? '' : `: ${line.trim()}`}`;
  }
}

function isFailed(answer: Typed): answer is FailedAnswer {
  return answer.type === 'failed';
}

/** The busy processes beside a measurement: started before its warm-up, and ended whatever happens to it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

export class Neighbours {
  private readonly processes: ChildProcess[] = [];
  private readonly endAll = (): void => {
    for (const child of this.processes) child.kill('SIGKILL');
  };

  /** How many there are. */
  get count(): number {
    return this.processes.length;
  }

  /** The system's numbers of them. */
  get ids(): readonly number[] {
    return this.processes.flatMap(({ pid }) => pid ?? []);
  }

  /** Starts and ends processes until there are so many. @throws Error when one cannot be started. */
  async set(count: number): Promise<void> {
    if (count < this.count) this.stop();
    while (this.count < count) await this.add();
  }

  /** @throws Error when one of them has ended by itself: what was measured beside it is not what it says. */
  check(): void {
    const ended = this.processes.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
    if (ended !== undefined) throw new Error('a busy neighbour ended by itself');
  }

  stop(): void {
    process.off('exit', this.endAll);
    this.endAll();
    this.processes.length = 0;
  }

  private async add(): Promise<void> {
    const child = fork(new URL('./neighbour.js', import.meta.url), { stdio: 'ignore', execArgv: [] });
    if (this.processes.length === 0) process.on('exit', this.endAll);
    this.processes.push(child);
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => {
        throw new Error('a busy neighbour did not start');
      }),
    ]);
  }
}

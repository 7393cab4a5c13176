/** Calibration's end of the channel to the process of one live world. */
import { ProcessClient } from '../process/client.ts';
import { spreadOf } from '../record/statistics.ts';
import type { LiveAnswer, LiveCommand, LivePlan, Round } from './live-protocol.ts';

/** How much longer a command may take than it was asked to run: a busy machine lets threads wait. */
const GRACE_MS = 60_000;

/** A process that waits for its command. */
export class LiveClient {
  private readonly process = new ProcessClient<LiveCommand, LiveAnswer>(
    new URL('./live-side.js', import.meta.url),
  );

  /** @throws Error with one line when the world does not come up. */
  static async open(plan: LivePlan): Promise<LiveClient> {
    const client = new LiveClient();
    try {
      await client.process.ask({ type: 'open', plan }, 'opened', GRACE_MS);
    } catch (error) {
      client.kill();
      throw error;
    }
    return client;
  }

  async run(stretches: number, durationNs: number): Promise<readonly Round[]> {
    const timeoutMs = (stretches * durationNs) / 1e6 + GRACE_MS;
    return (await this.process.ask({ type: 'run', stretches, durationNs }, 'ran', timeoutMs)).rounds;
  }

  /** How long each call takes that wakes the card's thread while it sleeps, in nanoseconds. */
  async ring(count: number): Promise<readonly number[]> {
    return (await this.process.ask({ type: 'ring', count }, 'rang', GRACE_MS)).ringNs;
  }

  /** How much longer news takes to a program that rests in its event loop than to one that looks for it. */
  async loop(count: number): Promise<number> {
    const { restingNs, lookingNs } = await this.process.ask({ type: 'loop', count }, 'looped', GRACE_MS);
    return Math.max(0, spreadOf(restingNs).median - spreadOf(lookingNs).median);
  }

  async close(): Promise<void> {
    await this.process.ask({ type: 'close' }, 'closed', GRACE_MS).finally(() => this.kill());
  }

  /** Ends the process, whatever it is doing. */
  kill(): void {
    this.process.kill();
  }
}

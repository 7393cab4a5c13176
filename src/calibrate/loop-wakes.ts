/**
 * How long a host takes to be woken that rests in its event loop: the card interrupts it by a message to a
 * port. Programs of worlds rest in a call, so no profile has it; those of `inic run` do.
 */
import { BlockingSockets } from '../socket/blocking.ts';
import { TCP_NODELAY } from '../socket/options.ts';
import { MachineClock } from '../time/clock.ts';
import { LOOPBACK } from '../workloads/workload.ts';
import { openCard } from '../world/open/card.ts';
import { SLEEPING_HOST } from './runs.ts';

const TIMEOUT_MS = 5000;
const BYTES = 1024;

/** How long bytes took from a socket to another of the same program, in nanoseconds. */
export interface LoopTrips {
  /** The program rested in its event loop meanwhile. */
  readonly resting: readonly number[];
  /** It looked for them. */
  readonly looking: readonly number[];
}

/** @throws Error when the card does not come up. */
export async function loopTrips(count: number): Promise<LoopTrips> {
  const card = await openCard(SLEEPING_HOST);
  try {
    const { stack } = card;
    const sockets = new BlockingSockets(stack, TIMEOUT_MS);
    const listener = sockets.listen(LOOPBACK, 0);
    const client = sockets.connect(LOOPBACK, stack.localEndpoint(listener)?.port ?? 0);
    const server = sockets.accept(listener);
    // Else each piece would wait for the delayed acknowledgement of the one before it.
    stack.setOption(client, TCP_NODELAY, 1);
    const clock = new MachineClock();
    const bytes = new Uint8Array(BYTES);
    const trip = async (news: () => Promise<void>): Promise<number> => {
      clock.update();
      const startNs = clock.nowNs;
      sockets.send(client, bytes);
      let got = 0;
      while (got < BYTES) {
        await news();
        got += Math.max(0, stack.recv(server, bytes, 0, BYTES));
      }
      clock.update();
      return clock.nowNs - startNs;
    };
    const look = async (): Promise<void> => {
      while (stack.poll() === 0);
    };
    const trips: { resting: number[]; looking: number[] } = { resting: [], looking: [] };
    for (let i = 0; i < count; i++) {
      trips.looking.push(await trip(look));
      trips.resting.push(await trip(() => card.news()));
    }
    return trips;
  } finally {
    await card.close();
  }
}

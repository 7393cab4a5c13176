/** Streams of datagrams: none is lost where the reader has its turn, and the sockets' sizes are Linux's. */
import { afterEach, describe, expect, it } from 'vitest';
import { socketCardSettings } from '../../src/measure/card-settings.ts';
import { LatencyRecorder } from '../../src/record/latency.ts';
import { SOCK_DGRAM } from '../../src/socket/contract.ts';
import { EAGAIN } from '../../src/socket/errno.ts';
import { SO_RCVBUF, SO_SNDBUF } from '../../src/socket/options.ts';
import { MachineClock } from '../../src/time/clock.ts';
import { DatagramStream } from '../../src/workloads/datagram-workload.ts';
import { type Card, openCard } from '../../src/world/open/card.ts';

/** net.core.wmem_default and net.core.rmem_default of Linux. */
const LINUX_BYTES = 212_992;
/** What the memory of a packet counts for beside the payload, about as Linux has it. */
const BESIDE_BYTES = 768;
const LOOPBACK = 0x7f000001;

let card: Card | undefined;
afterEach(async () => {
  await card?.close();
  card = undefined;
});

describe.each([1, 8])('%i at once, on a card inline', (connections) => {
  it.each([1, 1472, 20_000, 65_507])('datagrams of %i bytes all arrive', async (size) => {
    const load = { connections, size };
    const side = { stack: 'inic', transport: 'ring' } as const;
    card = await openCard({ ...socketCardSettings({ test: 'UDP_STREAM', side, load }), placement: 'inline' });
    const stream = new DatagramStream(card.stack, new MachineClock(), load);
    const { operations, lost, bytes } = await stream.run(20e6, new LatencyRecorder());
    expect(operations).toBeGreaterThan(0);
    expect([lost, bytes]).toEqual([0, operations * size]);
    await stream.close();
  });
});

describe('a datagram socket', () => {
  it("begins with Linux's sizes, and a program sets its own", async () => {
    card = await openCard({ placement: 'inline' });
    const { stack } = card;
    const socket = stack.socket(SOCK_DGRAM);
    expect([stack.getOption(socket, SO_SNDBUF), stack.getOption(socket, SO_RCVBUF)]).toEqual([
      LINUX_BYTES,
      LINUX_BYTES,
    ]);
    stack.setOption(socket, SO_SNDBUF, 1 << 20);
    expect(stack.getOption(socket, SO_SNDBUF)).toBeGreaterThanOrEqual(1 << 20);
    stack.close(socket);
  });

  it('has no more than that in the hands of a card that does not get on', async () => {
    card = await openCard({ placement: 'inline' });
    const { stack } = card;
    const [sender, reader] = [stack.socket(SOCK_DGRAM), stack.socket(SOCK_DGRAM)];
    stack.bind(reader, LOOPBACK, 0);
    const { address, port } = stack.localEndpoint(reader)!;
    stack.connect(sender, address, port);
    const bytes = new Uint8Array(1472);
    let sent = 0;
    while (stack.send(sender, bytes, 0, bytes.length) === bytes.length) sent += 1;
    expect(stack.send(sender, bytes, 0, bytes.length)).toBe(-EAGAIN);
    expect(sent).toBe(Math.floor(LINUX_BYTES / (bytes.length + BESIDE_BYTES)));
    // What the card had is all there once it has had its turns.
    let arrived = 0;
    for (let look = 0; look < 100; look++) {
      stack.poll();
      while (stack.recv(reader, bytes, 0, bytes.length) > 0) arrived += 1;
    }
    expect(arrived).toBe(sent);
    stack.close(sender);
    stack.close(reader);
  });
});

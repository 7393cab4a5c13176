/**
 * Our own engine in the old host's place: a stream over a lossy link, whose program makes segments smaller
 * and larger while bytes are under way. The stack counts segments when it hands packets to the device; the
 * device cuts them, and the wire counts frames. Were a count stale, the two would differ.
 */
import type { SocketStack } from '../../socket/contract.ts';
import { EAGAIN, EINPROGRESS } from '../../socket/errno.ts';
import { openListener } from '../../socket/open-socket.ts';
import { TCP_MAXSEG } from '../../socket/options.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import { Random } from '../../time/random.ts';
import type { Program } from '../../workloads/program.ts';
import { readTopology } from '../../world/topology.ts';
import { HostWorld } from '../../world/virtual/host-world.ts';
import { addressOf } from './description.ts';

const SENDER = 1;
const PORT = 80;
const SECOND_NS = 1e9;
/** How long segments stay as they are, at most. */
const CHANGE_NS = 5e6;
const BYTES = 2_000_000;

export interface EngineStorm {
  /** MSS changes with bytes under way, and segments sent again. */
  readonly changes: number;
  readonly again: number;
  /** Segments that the stack has counted, and how many more or fewer the wire has seen. */
  readonly counted: number;
  readonly miscounted: number;
}

class Sender implements Program {
  changes = 0;
  sent = 0;
  private readonly stack: SocketStack;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly bytes = new Uint8Array(32_768);
  private socket = -1;
  private changeNs = 0;

  constructor(stack: SocketStack, clock: Clock, random: Random) {
    this.stack = stack;
    this.clock = clock;
    this.random = random;
  }

  nextDeadlineNs(): number {
    return this.sent < BYTES ? this.changeNs : NEVER;
  }

  step(): number {
    const { stack, clock, random } = this;
    if (this.socket < 0) {
      this.socket = stack.socket();
      const errno = stack.connect(this.socket, addressOf(0), PORT);
      return errno === 0 || errno === -EINPROGRESS ? 1 : 0;
    }
    let progress = 0;
    if (clock.nowNs >= this.changeNs && this.sent < BYTES) {
      this.changeNs = clock.nowNs + random.below(CHANGE_NS);
      stack.setOption(this.socket, TCP_MAXSEG, 200 + random.below(1261));
      if (this.sent > 0) this.changes += 1;
      progress += 1;
    }
    while (this.sent < BYTES) {
      const length = 1 + random.below(random.below(2) === 0 ? 300 : this.bytes.length);
      const taken = stack.send(this.socket, this.bytes, 0, length);
      if (taken < 0) return progress;
      this.sent += taken;
      progress += 1;
    }
    return progress;
  }
}

class Sink implements Program {
  received = 0;
  private readonly stack: SocketStack;
  private readonly listener: number;
  private readonly bytes = new Uint8Array(65_536);
  private socket = -1;

  constructor(stack: SocketStack) {
    this.stack = stack;
    this.listener = openListener(stack, addressOf(0), PORT, 1);
  }

  step(): number {
    if (this.socket < 0) this.socket = this.stack.accept(this.listener);
    if (this.socket < 0) return 0;
    let progress = 0;
    for (;;) {
      const got = this.stack.recv(this.socket, this.bytes, 0, this.bytes.length);
      if (got === -EAGAIN || got <= 0) return progress;
      this.received += got;
      progress += 1;
    }
  }
}

/** @throws Error when the stream does not arrive. */
export function engineStorm(seed: number): EngineStorm {
  const card = (host: string, i: number) => ({ host, ports: { eth0: { address: `10.0.0.${i + 1}/24` } } });
  const topology = readTopology({
    seed,
    hosts: { sink: {}, sender: {} },
    cards: { sink: card('sink', 0), sender: card('sender', SENDER) },
    links: {
      wire: { ends: ['sink.eth0', 'sender.eth0'], rate: '1Gbit/s', delay: '200us', lossProbability: 0.02 },
    },
  });
  const world = new HostWorld(topology, () => ({ costs: {}, interruptNs: 0 }));
  const sink = new Sink(world.stacks[0].stack);
  const sender = new Sender(world.stacks[SENDER].stack, world.clock, new Random(seed));
  world.addProgram(topology.cards[0].host, sink);
  world.addProgram(topology.cards[SENDER].host, sender);
  if (!world.run(() => sink.received >= BYTES, 600 * SECOND_NS)) {
    throw new Error(`${sink.received} of ${BYTES} bytes arrived at our engine's storm`);
  }
  world.run(() => false, SECOND_NS);
  const counts = world.snapshot()[SENDER];
  const counted = counts['tcpOutSegs'] + counts['tcpRetransSegs'];
  const others = counts['arpRequestsSent'] + counts['arpRepliesSent'];
  return {
    changes: sender.changes,
    again: counts['tcpRetransSegs'],
    counted,
    miscounted: Math.abs(counts['deviceTxPackets'] - others - counted),
  };
}

/**
 * A storm in virtual time in which a card is killed at a random moment, in one of the ways in which a card
 * can die, while programs on its host, and on another's, have every kind of call under way. Afterwards each
 * call says what the dead card's errno is, nothing waits, and all that was lent is back.
 */

import { AssertionFailure } from '../../src/assert/assert.ts';
import { FAILED, READABLE, SHUT_RDWR, SHUT_WR, SOCK_DGRAM } from '../../src/socket/contract.ts';
import { ENETDOWN, errnoName } from '../../src/socket/errno.ts';
import { SO_ERROR, SO_LINGER_SECONDS, TCP_NODELAY } from '../../src/socket/options.ts';
import { NEVER } from '../../src/time/agent.ts';
import { FREE } from '../../src/time/cost-model.ts';
import { Random } from '../../src/time/random.ts';
import type { Program } from '../../src/workloads/program.ts';
import type { VirtualCard } from '../../src/world/virtual/virtual-card.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const SECOND_NS = 1e9;
const PORTS = [80, 81];
const BYTES = new Uint8Array(20_000);

/**
 * How a card dies: its thread ends, and an event says so or nobody does; its module throws; its code writes
 * nonsense into what it shares, and then it ends; it falls silent; or an assertion of the driver's fails in
 * the next reply, request or close.
 */
export const DEATHS = [
  'event',
  'health',
  'module',
  'nonsense',
  'silence',
  'reply',
  'request',
  'close',
] as const;
export type Death = (typeof DEATHS)[number];

/** A program that calls whatever it likes, on whatever socket it has. */
class Caller implements Program {
  readonly sockets: number[] = [];
  readonly offered: number[] = [];
  readonly lent: number[] = [];
  stopped = false;
  /** The socket of the latest call, which may have been told already. */
  latest = -1;
  private readonly card: VirtualCard;
  private readonly random: Random;
  private readonly address: number;
  private nextNs = 0;
  /** Its card has been killed, and it is not known yet. */
  slow = false;
  /** A socket is being made; and how many were that the program was never told of. */
  private making = false;
  untold = 0;

  constructor(card: VirtualCard, random: Random, address: number) {
    this.card = card;
    this.random = random;
    this.address = address;
    for (const port of PORTS) {
      const listener = card.stack.socket();
      if ((card.stack.bind(listener, 0, port) || card.stack.listen(listener, 16)) !== 0)
        throw new Error('listen');
      this.sockets.push(listener);
    }
  }

  step(): number {
    const { clock } = this.card.host.driver as unknown as { clock: { nowNs: number } };
    if (this.card.host.driver.deadErrno !== 0) this.stopped = true;
    if (this.stopped || clock.nowNs < this.nextNs) return 0;
    this.nextNs = clock.nowNs + 1 + this.random.below(this.slow ? 1e8 : 20_000);
    try {
      this.call();
    } catch (failure) {
      // An assertion of the driver's reaches whoever called: in a close perhaps after the socket was given
      // up, in the making of one before its number was told.
      if (this.making) this.untold = 1;
      if (!(failure instanceof AssertionFailure)) throw failure;
      const { table } = this.card.host.driver.closing as unknown as { table: { open(id: number): unknown } };
      const gone = this.sockets.findIndex((socket) => table.open(socket) === undefined);
      if (gone >= 0) this.sockets.splice(gone, 1);
    }
    return 0;
  }

  nextDeadlineNs(): number {
    return this.stopped ? NEVER : this.nextNs;
  }

  private call(): void {
    const { random, sockets } = this;
    const { stack } = this.card;
    const socket = sockets[random.below(sockets.length)];
    this.latest = socket;
    switch (random.below(14)) {
      case 0:
        this.add(this.make(random.below(4) === 0 ? SOCK_DGRAM : undefined));
        break;
      case 1:
      case 2: {
        const made = this.add(this.make());
        if (made >= 0) stack.connect(made, this.address, PORTS[random.below(PORTS.length)]);
        break;
      }
      case 3:
      case 4:
        for (const listener of sockets.slice(0, PORTS.length)) {
          if ((stack.readiness(listener) & READABLE) !== 0) this.add(stack.accept(listener));
        }
        break;
      case 5:
      case 6:
      case 7:
        stack.send(socket, BYTES, 0, 1 + random.below(random.below(2) === 0 ? 100 : BYTES.length));
        break;
      case 8:
        stack.recv(socket, BYTES, 0, 1 + random.below(BYTES.length));
        break;
      case 9: {
        const context = stack.sender.allocate(socket);
        if (context < 0) break;
        if (random.below(2) === 0 || stack.sender.sendAllocated(socket, context, 64) < 0)
          this.offered.push(context);
        break;
      }
      case 10: {
        const bucket = stack.receiver.lend(socket);
        if (bucket >= 0) this.lent.push(bucket);
        break;
      }
      case 11:
        stack.shutdown(socket, random.below(2) === 0 ? SHUT_WR : SHUT_RDWR);
        break;
      case 12:
        stack.setOption(socket, random.below(2) === 0 ? TCP_NODELAY : SO_LINGER_SECONDS, random.below(2));
        break;
      default:
        if (random.below(3) !== 0 || sockets.indexOf(socket) < PORTS.length) break;
        stack.close(socket);
        sockets.splice(sockets.indexOf(socket), 1);
    }
  }

  private make(type?: number): number {
    this.making = true;
    const socket = this.card.stack.socket(type);
    this.making = false;
    return socket;
  }

  private add(socket: number): number {
    if (socket >= 0) this.sockets.push(socket);
    return socket;
  }

  /** Gives everything back that the program holds. */
  leave(): void {
    const { stack } = this.card;
    this.stopped = true;
    for (const context of this.offered) stack.sender.releaseAllocated(context);
    for (const bucket of this.lent) stack.receiver.release(bucket);
    for (const socket of this.sockets) expectIs(stack.close(socket), 0, 'close');
  }
}

/** Kills a card, or has it die at the next occasion. */
function kill(card: VirtualCard, death: Death, random: Random): void {
  const { driver } = card.host;
  const { processor } = card.parts;
  // An own property hides the method, once.
  const trip = (holder: object, method: string) => {
    Object.assign(holder, {
      [method]: () => {
        Reflect.deleteProperty(holder, method);
        throw new AssertionFailure(`a fault in ${method}`);
      },
    });
  };
  switch (death) {
    case 'module': {
      const module = processor['modules'][0];
      Object.assign(processor, { onFault: () => {} });
      module.poll = () => {
        throw new RangeError('the module broke');
      };
      return;
    }
    case 'reply':
      trip(driver['replies'], 'dispatch');
      return;
    case 'request':
      trip(card.host.requests, 'post');
      return;
    case 'close':
      trip(driver.closing, 'dropUnread');
      return;
    case 'nonsense': {
      // Words of the card's own outbound queue, as a broken card might leave them.
      const { words } = processor['outbound'];
      const at = card.plan.memory.layout.outbound >> 2;
      for (let i = 0; i < 40; i++) words[at + random.below(512)] = random.nextInt32();
      break;
    }
    default:
  }
  processor.poll = () => 0;
  processor.arm = () => true;
  processor.nextDeadlineNs = () => NEVER;
  if (death === 'event' || death === 'nonsense') driver.die(ENETDOWN);
  if (death === 'health') Object.assign(driver, { health: { alive: () => false } });
}

function expectIs(answer: number, wanted: number, call: string): void {
  if (answer !== wanted) throw new Error(`${call} answers ${answer < 0 ? errnoName(answer) : answer}`);
}

/** What each call on each socket of a dead card says. */
function expectDead(caller: Caller, card: VirtualCard): void {
  const { stack } = card;
  for (const socket of caller.sockets) {
    const state = card.host.driver['table'].sockets[socket];
    const told = socket === caller.latest && state.errno === 0;
    if (!told) expectIs(stack.readiness(socket) & FAILED, FAILED, 'readiness');
    if (!told) expectIs(stack.getOption(socket, SO_ERROR), ENETDOWN, 'SO_ERROR');
    let got = 1;
    while (got > 0 && state.receiveHead >= 0) got = stack.recv(socket, BYTES, 0, BYTES.length);
    for (let i = 0; i < 2; i++) {
      const end = state.endOfStream !== 0 && state.datagram === 0;
      expectIs(stack.recv(socket, BYTES, 0, 10), end ? 0 : -ENETDOWN, 'recv');
      expectIs(stack.send(socket, BYTES, 0, 10), -ENETDOWN, 'send');
    }
    expectIs(stack.connect(socket, 0x0a000001, 9), -ENETDOWN, 'connect');
    expectIs(stack.bind(socket, 0, 0), -ENETDOWN, 'bind');
    if (state.datagram !== 0) continue;
    expectIs(stack.setOption(socket, TCP_NODELAY, 1), -ENETDOWN, 'setOption');
    expectIs(stack.accept(socket), -ENETDOWN, 'accept');
    expectIs(stack.listen(socket, 1), -ENETDOWN, 'listen');
    expectIs(stack.shutdown(socket, SHUT_WR), -ENETDOWN, 'shutdown');
  }
  expectIs(stack.socket(), -ENETDOWN, 'socket');
  while (stack.poll() > 0);
  expectIs(stack.wait(10_000), 0, 'wait');
}

function expectBack({ host, stack, name }: VirtualCard, untold: number): void {
  const { receive, transmit } = host;
  host.driver.closing['table'].check();
  receive.check();
  transmit.check();
  const left = {
    sockets: stack.socketsInUse - untold,
    contexts: transmit.inUse,
    buckets: receive.count - receive.spare,
    blocks: receive.next.length - receive.count - receive.blocksFree,
  };
  for (const [what, number] of Object.entries(left)) {
    if (number !== 0) throw new Error(`${name}: ${number} ${what} are not back`);
  }
}

/** Runs one storm. @returns sockets that were open when the card died. @throws Error with the seed. */
export function killedStorm(seed: number, death: Death): number {
  try {
    return run(seed, death);
  } catch (error) {
    (error as Error).message = `seed ${seed}, ${death}: ${(error as Error).message}`;
    throw error;
  }
}

function run(seed: number, death: Death): number {
  const random = new Random(seed);
  const two = random.below(2) === 0;
  const card = () => ({
    transport: random.below(2) === 0 ? ('fifo' as const) : ('ring' as const),
    pools: {
      transmitBuffers: 1 + random.below(16),
      transmitBufferBytes: 2048,
      receiveBuckets: 1 + random.below(16),
      receiveBucketBytes: 2048,
    },
    driver: {
      socketsMax: 60,
      acceptsPosted: 2,
      batchSends: random.below(2) === 0,
      transmitDryPolicy: (['EAGAIN', 'ENOBUFS', 'block'] as const)[random.below(3)],
    },
  });
  const world = new VirtualWorld({
    cards: two ? [card(), card()] : [card()],
    seed,
    link: { delayNs: random.below(100_000) },
    doorbellNs: 2000,
    interruptNs: 2000,
  });
  const callers = world.cards.map((each, i) => {
    const { address } = world.cards[world.cards.length - 1 - i].config.stack;
    const caller = new Caller(each, random, address);
    each.start(caller);
    return caller;
  });
  const [victim] = world.cards;
  const atNs = world.clock.nowNs + 1 + random.below(20_000_000);
  let done = false;
  // It dies in the middle of whatever the programs' calls wait for.
  world.queue.add({
    agent: {
      name: 'the death',
      poll: () => {
        if (done || world.clock.nowNs < atNs) return 0;
        done = true;
        kill(victim, death, random);
        callers[0].slow = true;
        return 1;
      },
      arm: () => true,
      nextDeadlineNs: () => (done ? NEVER : atNs),
    },
    meter: FREE,
  });
  const { driver } = victim.host;
  runThrough(world, () => driver.deadErrno !== 0, 60 * SECOND_NS);
  if (!done) throw new Error('the card has not died');
  // Nobody knows that a card is only silent, but whoever waits in a call for it.
  if (death === 'silence') driver.die(ENETDOWN);
  runThrough(world, () => false, 1e6);
  if (victim.host.driver.deadErrno !== ENETDOWN) throw new Error('the driver does not know that it is dead');
  callers[0].stopped = true;
  const open = callers[0].sockets.length;
  expectDead(callers[0], victim);
  for (const caller of callers) caller.leave();
  expectBack(victim, callers[0].untold);
  runThrough(world, () => false, 4000 * SECOND_NS);
  // What the other card still has to send, it keeps for a wire and a peer that take nothing any more.
  world.cards.forEach((each, i) => {
    expectIs(each.stack.socketsInUse - callers[i].untold, 0, 'the number of sockets');
  });
  return open;
}

/** Runs the world on; an assertion that was to fail may do so outside a call. */
function runThrough(world: VirtualWorld, over: () => boolean, limitNs: number): void {
  const endNs = world.clock.nowNs + limitNs;
  while (world.clock.nowNs < endNs && !over()) {
    try {
      world.run(over, endNs - world.clock.nowNs);
    } catch (failure) {
      if (!(failure instanceof AssertionFailure) || !failure.message.startsWith('a fault in ')) throw failure;
    }
  }
}

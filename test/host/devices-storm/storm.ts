/**
 * A storm over a host with two offload devices: calls of its registry and of its sockets, policies, filters,
 * routes, neighbours, MTUs, links and deaths of devices in an order that a seed makes. After each step the
 * counts are held against what programs really have; in the end every connection that nothing has ended must
 * still carry bytes both ways, in order, and the books must balance.
 */
import { PEER_ADDRESSES, SERVER_ADDRESSES } from '../../../src/experiment/open-toe/world.ts';
import { PacketFilter } from '../../../src/host/devices/filter.ts';
import { parsePolicy } from '../../../src/host/devices/policy/parse.ts';
import { SOCKET_CLASS_ID } from '../../../src/i2o/tids.ts';
import { SHUT_RD, SHUT_RDWR, SHUT_WR, SOCK_DGRAM } from '../../../src/socket/contract.ts';
import { EADDRNOTAVAIL, EINPROGRESS, EMFILE, ENETDOWN, errnoName } from '../../../src/socket/errno.ts';
import { SO_KEEPALIVE, SO_RCVBUF, SO_REUSEADDR, TCP_NODELAY } from '../../../src/socket/options.ts';
import { cardModule } from '../../../src/world/virtual/mixed-devices.ts';
import { pass } from '../../world/mixed-bed.ts';
import { check, expectAnswer, POLICIES, PORTS, StormBed, type Tally } from './bed.ts';
import { NAMES } from './registry-model.ts';
import { type End, keyOf, mirrored } from './talk.ts';

const FILTERS = ['local port 80', 'remote host 10.0.1.0/24', 'port 20-79'];
const STEPS = 140;
/** Longer than a connect tries to find a neighbour. */
const LONG_NS = 4e9;

/** Runs one storm. @param trace told of each step. @throws Error that says what does not hold, and when. */
export function devicesStorm(seed: number, trace?: (line: string) => void): Tally {
  const storm = new Storm(seed, trace);
  try {
    return storm.run();
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`seed ${seed}, step ${storm.tally.steps} (${storm.step}): ${message}`, { cause: error });
  }
}

class Storm extends StormBed {
  run(): Tally {
    const steps = this.steps();
    for (let i = 0; i < STEPS; i++) {
      const [name, step] = steps[this.random.below(steps.length)];
      this.step = name;
      this.tally.steps += 1;
      this.trace?.(`${i} ${name}`);
      step();
      pass(this.world, this.random.below(this.random.below(12) === 0 ? 30_000_000 : 400_000));
      this.invariants();
    }
    this.step = 'the end';
    this.heal();
    this.carry();
    this.leave();
    return this.tally;
  }

  private steps(): [name: string, step: () => unknown][] {
    return [...this.socketSteps(), ...this.registrySteps(), ...this.orderSteps(), ...this.hostSteps()];
  }

  private socketSteps(): [name: string, step: () => unknown][] {
    const { random, talk, stacks } = this;
    const each = (call: (end: End) => void): void => {
      for (const end of talk.ends) if (random.below(2) === 0) call(end);
    };
    return [
      ...Array.from({ length: 5 }, (): [string, () => unknown] => ['connect', () => this.connect()]),
      ...Array.from({ length: 4 }, (): [string, () => unknown] => ['accept', () => this.accept()]),
      ['send', () => each((end) => talk.send(end, 1 + random.below(6000)))],
      ['send', () => each((end) => talk.send(end, 1 + random.below(200)))],
      ['recv', () => each((end) => talk.recv(end, 1 + random.below(9000)))],
      ['recv', () => each((end) => talk.recv(end, 20_000))],
      [
        'shutdown',
        () => {
          const end = this.end();
          if (end !== undefined) talk.shutdown(end, [SHUT_WR, SHUT_WR, SHUT_RDWR, SHUT_RD][random.below(4)]);
        },
      ],
      [
        'close',
        () => {
          const end = this.end();
          if (end !== undefined) talk.close(end);
        },
      ],
      [
        'set an option',
        () => {
          const { stack, socket } = this.end() ?? { stack: stacks[0], socket: 0 };
          stack.setOption(socket, [TCP_NODELAY, SO_KEEPALIVE][random.below(2)], random.below(2));
          stack.setOption(socket, SO_RCVBUF, 20_000 + random.below(60_000));
        },
      ],
      ['listen or close a listener', () => this.relisten()],
      ['a datagram', () => this.datagram()],
    ];
  }

  private registrySteps(): [name: string, step: () => unknown][] {
    const { model, registry } = this;
    const busy = (name: string): boolean => this.device(name)?.busy ?? false;
    const called =
      (call: string, real: (name: string) => number, wanted: (name: string) => number) => (): void => {
        const name = this.name();
        this.step = `${call} ${name}`;
        const expected = wanted(name);
        expectAnswer(call, real(name), expected);
      };
    return [
      [
        'attach',
        called(
          'attach',
          (name) => registry.attach(name),
          (name) => model.attach(name),
        ),
      ],
      [
        'detach',
        called(
          'detach',
          (name) => registry.detach(name),
          (name) => model.detach(name, busy(name)),
        ),
      ],
      [
        'activate',
        called(
          'activate',
          (name) => registry.activate(name),
          (name) => model.activate(name),
        ),
      ],
      [
        'activate',
        called(
          'activate',
          (name) => registry.activate(name),
          (name) => model.activate(name),
        ),
      ],
      [
        'deactivate',
        called(
          'deactivate',
          (name) => registry.deactivate(name),
          (name) => model.deactivate(name),
        ),
      ],
      [
        'unregister',
        called(
          'unregister',
          (name) => registry.unregister(name),
          (name) => model.unregister(name, busy(name)),
        ),
      ],
    ];
  }

  private orderSteps(): [name: string, step: () => unknown][] {
    const { random, world, model, registry } = this;
    return [
      [
        'deactivate in order',
        () => {
          const name = this.name();
          const wanted = model.deactivate(name);
          const answer = world.stack.deactivate(name);
          if (wanted < 0) expectAnswer('deactivate in order', answer, wanted);
          else check(answer >= 0, () => `deactivate in order answers ${errnoName(answer)}`);
        },
      ],
      ['register', () => this.register()],
      ['register', () => this.register()],
      [
        'add or remove the module',
        () => {
          const hardware = world.devices[0];
          if (random.below(2) === 0) {
            expectAnswer('remove the module', registry.removeModule(hardware.type), model.removeModule());
          } else {
            expectAnswer('add the module', registry.addModule(cardModule(world.cards[0])), model.addModule());
          }
        },
      ],
      ['a device may die', () => random.below(5) === 0 && this.kill()],
    ];
  }

  private hostSteps(): [name: string, step: () => unknown][] {
    const { random, world, reasons } = this;
    const [host] = world.hosts;
    const steering = () => world.steerings[random.below(world.steerings.length)];
    return [
      [
        'a policy',
        () => world.offloading.policy.replace(parsePolicy(POLICIES[random.below(POLICIES.length)])),
      ],
      ['hand-offs', () => this.handOffs()],
      ['hand-offs', () => this.handOffs()],
      [
        'a link',
        () => {
          reasons.broken = true;
          world.setLink(random.below(2), random.below(3) > 0);
        },
      ],
      ['an MTU', () => host.setMtu(random.below(2), 576 + random.below(925))],
      ['a narrow path', () => host.narrowPath(PEER_ADDRESSES[random.below(2)], 600 + random.below(900))],
      [
        'a route by a neighbour that may be none',
        () => {
          const at = random.below(2);
          reasons.broken = true;
          const via = PEER_ADDRESSES[at] + random.below(3) - 1;
          host.addRoute({ destination: PEER_ADDRESSES[at], prefixLength: 32, via, port: at });
        },
      ],
      ['a route goes', () => host.removeRoute(PEER_ADDRESSES[random.below(2)], 32)],
      [
        'failover',
        () => {
          const port = random.below(2);
          reasons.broken = true;
          world.setLink(port, false);
          host.failOver(port, 1 - port);
          pass(world, random.below(2_000_000));
          world.setLink(port, true);
          if (random.below(4) > 0) host.failBack(port);
        },
      ],
      ['a neighbour', () => this.neighbour()],
      ['a filter', () => this.filter()],
      [
        'a tap',
        () => {
          steering().tap = random.below(2) === 0 ? undefined : { frame: () => {} };
        },
      ],
      ['a long wait', () => pass(world, random.below(LONG_NS))],
    ];
  }

  private connect(): void {
    const { random, stacks, talk } = this;
    const at = random.below(5);
    const port = PORTS[random.below(4) === 0 ? 1 : 0];
    const to = at < 2 ? 1 + at : 0;
    const stack = at < 2 || at === 4 ? stacks[0] : stacks[at - 1];
    const address = at < 2 ? PEER_ADDRESSES[at] : SERVER_ADDRESSES[at === 4 ? random.below(2) : at - 2];
    const socket = stack.socket();
    if (socket === -EMFILE) return;
    check(socket >= 0, () => `socket answers ${errnoName(socket)}`);
    const named = random.below(4) === 0;
    if (named) {
      stack.setOption(socket, SO_REUSEADDR, 1);
      const answer = stack.bind(socket, 0, random.below(2) === 0 ? 0 : 7000 + random.below(30));
      if (answer !== 0) {
        stack.close(socket);
        return;
      }
    }
    const begun = stack.connect(socket, address, port);
    if (begun !== 0 && begun !== -EINPROGRESS) {
      // A port that a bind has shared may have a connection to that place already.
      check(named && begun === -EADDRNOTAVAIL, () => `connect answers ${errnoName(begun)}`);
      stack.close(socket);
      return;
    }
    const end = talk.add(stack, socket, `${to}:${port}`);
    if (!this.listeners[to].has(port)) end.unheard = true;
    this.tally.connections += 1;
  }

  private relisten(): void {
    const { random } = this;
    const at = random.below(3);
    const own = this.listeners[at];
    const port = PORTS[random.below(2)];
    const listening = own.get(port);
    const stack = this.stacks[at];
    if (listening !== undefined) {
      // Who waits there to be accepted is reset.
      this.talk.unheard(`${at}:${port}`);
      check(stack.close(listening) === 0, () => 'a listener is not closed');
      own.delete(port);
      return;
    }
    const socket = stack.socket();
    if (socket === -EMFILE) return;
    stack.setOption(socket, SO_REUSEADDR, 1);
    if (stack.bind(socket, 0, port) === 0 && stack.listen(socket, 8) === 0) own.set(port, socket);
    else stack.close(socket);
  }

  private datagram(): void {
    const { random } = this;
    const [stack] = this.stacks;
    const socket = stack.socket(SOCK_DGRAM);
    if (socket < 0) return;
    stack.sendTo(socket, new Uint8Array(500), 0, random.below(500), PEER_ADDRESSES[random.below(2)], 9);
    check(this.world.stack.deviceOf(socket) === undefined, () => 'a datagram socket is on a device');
    check(this.world.stack.handOff(socket, 'toe0') < 0, () => 'a datagram socket is handed over');
    stack.close(socket);
  }

  private register(): void {
    const { random, world, registry, model } = this;
    const hardware = random.below(2);
    const name = NAMES[random.below(NAMES.length)];
    const wanted = model.register(hardware, name);
    const answer = registry.register(world.devices[hardware], name[0]);
    expectAnswer(`register ${name[0]}`, answer, wanted);
    if (answer >= 0) this.counted.set(registry.devices[answer], { ...registry.devices[answer].refusals });
  }

  /** A card falls and comes up again, with nothing that it had. Its host may have it out of service before. */
  private kill(): void {
    const { random, world, model, reasons, talk } = this;
    const hardware = random.below(2);
    const name = model.nameOf(hardware);
    const { host } = world.cards[hardware];
    this.step = `the device ${name ?? 'without a name'} dies`;
    for (const end of talk.ends) {
      const { stack, socket } = end;
      const key = keyOf(stack, socket);
      if (stack !== world.stack || name === undefined || world.stack.deviceOf(socket) !== name) continue;
      end.died = true;
      if (key !== '') reasons.died.add(key).add(mirrored(key));
    }
    for (const port of PORTS) talk.unheard(`0:${port}`);
    this.tally.deaths += 1;
    // One whose driver has given it up stays dead.
    if (host.driver.deadErrno !== 0) return;
    if (random.below(4) === 0) host.driver.die(ENETDOWN);
    else host.restartCard(SOCKET_CLASS_ID);
  }

  private handOffs(): void {
    const { random, world, talk } = this;
    for (const end of talk.ends) {
      if (end.stack !== world.stack || random.below(2) === 0) continue;
      const { socket } = end;
      const stood = end.errno === 0 && talk.stands(end);
      const before = world.stack.deviceOf(socket);
      const name = this.name();
      const answer = before === undefined ? world.stack.handOff(socket, name) : world.stack.takeBack(socket);
      const after = world.stack.deviceOf(socket);
      if (answer === 0) check(stood, () => 'a socket without a connection has moved');
      const wanted = answer !== 0 ? before : before === undefined ? name : undefined;
      check(after === wanted, () => `after ${answer} a socket of ${before} is with ${after}`);
      // It is still the same connection, with the same ends.
      if (end.errno === 0) talk.stands(end);
    }
  }

  private neighbour(): void {
    const { random, world } = this;
    const at = random.below(2);
    const { mac } = world.cards[2 + at].config;
    // What a peer says again is what the host knows already.
    const low = (mac[2] << 24) | (mac[3] << 16) | (mac[4] << 8) | mac[5];
    const ports = world.hosts[0].devices[at];
    ports.neighbour(PEER_ADDRESSES[at], (mac[0] << 8) | mac[1], low, world.clock.nowUs);
    world.host.engine.tellNeighbour(PEER_ADDRESSES[at], (mac[0] << 8) | mac[1], low, world.clock.nowUs);
    random.below(2);
  }

  private filter(): void {
    const { random, world, reasons } = this;
    const steering = world.steerings[random.below(2)];
    reasons.broken = true;
    if (random.below(2) === 0) {
      steering.filter = undefined;
      return;
    }
    const [{ expression }] = parsePolicy(`${FILTERS[random.below(FILTERS.length)]} => no-offload`);
    steering.filter = new PacketFilter();
    const direction = (['in', 'out', 'both'] as const)[random.below(3)];
    steering.filter.rules = [{ direction, protocol: 'tcp', expression, drop: random.below(3) > 0 }];
    steering.filtersDevices = random.below(2) === 0;
  }
}

/** The world of a storm over a host with offload devices, and what has to hold of it at any time and in the end. */
import { listener, peer } from '../../../src/experiment/open-toe/calls.ts';
import { PEER_ADDRESSES } from '../../../src/experiment/open-toe/world.ts';
import { REFUSALS } from '../../../src/host/devices/device.ts';
import type { Decided } from '../../../src/host/devices/offloading.ts';
import type { OffloadDevice } from '../../../src/host/devices/registry.ts';
import { EAGAIN, errnoName } from '../../../src/socket/errno.ts';
import { Random } from '../../../src/time/random.ts';
import { mixedWorld, pass } from '../../world/mixed-bed.ts';
import { RegistryModel } from './registry-model.ts';
import { type End, isOnOneWire, mirrored, type Reasons, Talk } from './talk.ts';

export const POLICIES = [
  '',
  'any => offload',
  '[listen] any => offload\n[active] any => offload',
  '[passive] any => offload, device toe1\n[listen] any => offload',
  '[active] remote port 80 => offload, nodelay on, sndbuf 65536\nany => no-offload',
  'any => offload, after 2000',
  '[listen] local port 80 => offload, rcvbuf 32768\n[passive] remote host 10.0.0.0/24 => offload',
];
export const PORTS = [80, 81];
const DRAIN_NS = 400e9;
/** By then a connect that was in the way of all that was broken has come to its end, in virtual seconds. */
const SETTLE_S = 300;

/** What a storm has come to, so that none is taken for one that did nothing. */
export interface Tally {
  steps: number;
  connections: number;
  bytes: number;
  refused: number;
  handedOver: number;
  takenBack: number;
  deaths: number;
  failed: number;
  /** The same, by errno. */
  errnos: Record<string, number>;
  /** Connections that still carried bytes in the end. */
  carried: number;
}

export function emptyTally(): Tally {
  return {
    steps: 0,
    connections: 0,
    bytes: 0,
    refused: 0,
    handedOver: 0,
    takenBack: 0,
    deaths: 0,
    failed: 0,
    errnos: {},
    carried: 0,
  };
}

/** Adds what one storm has come to. */
export function addTally(sum: Tally, { errnos, ...counts }: Tally): void {
  for (const key of Object.keys(counts) as (keyof typeof counts)[]) sum[key] += counts[key];
  for (const [name, count] of Object.entries(errnos)) sum.errnos[name] = (sum.errnos[name] ?? 0) + count;
}

export function check(holds: boolean, what: () => string): void {
  if (!holds) throw new Error(what());
}

export function expectAnswer(call: string, answer: number, wanted: number): void {
  const said = (value: number): string => (value < 0 ? errnoName(value) : String(value));
  check(answer === wanted, () => `${call} answers ${said(answer)}, not ${said(wanted)}`);
}

export class StormBed {
  readonly tally = emptyTally();
  /** The latest step, in words. */
  step = 'the beginning';
  protected readonly random: Random;
  protected readonly world;
  protected readonly model = new RegistryModel();
  protected readonly reasons: Reasons = { died: new Set(), closed: new Set(), broken: false };
  protected readonly talk = new Talk(this.reasons);
  protected readonly stacks;
  /** Listeners of each stack, by port. */
  protected readonly listeners: Map<number, number>[];
  /** Refusals that were decided, by reason, beside those that a card or a listener counts. */
  protected readonly decided: Record<string, number> = {};
  protected readonly counted = new Map<OffloadDevice, Record<string, number>>();
  protected readonly trace: ((line: string) => void) | undefined;

  constructor(seed: number, trace?: (line: string) => void) {
    this.random = new Random(seed);
    this.trace = trace;
    const { random } = this;
    const limits = {
      listeners: 1 + random.below(3),
      halfOpen: 1 + random.below(3),
      connections: random.below(9),
    };
    const links = [
      {},
      { lossProbability: 0.02 },
      { lossProbability: 0.01, reorderProbability: 0.2, reorderDelay: '40us' },
    ];
    this.world = mixedWorld({
      seed,
      limits,
      policy: POLICIES[random.below(POLICIES.length)],
      link: links[random.below(links.length)],
      ...(random.below(2) === 0 ? { oneSwitch: true as const } : {}),
    });
    const { world } = this;
    this.stacks = [world.stack, peer(world, 0), peer(world, 1)];
    this.listeners = this.stacks.map((stack) => new Map([[PORTS[0], listener(stack, PORTS[0])]]));
    this.model.modules.add(0);
    for (const hardware of [0, 1]) {
      this.model.entries.set(`toe${hardware}`, { hardware, attached: true, active: true });
    }
    world.offloading.onDecided = (decided) => this.decide(decided);
    for (const device of world.offloading.registry.devices) this.counted.set(device, { ...device.refusals });
  }

  protected get registry() {
    return this.world.offloading.registry;
  }

  protected device(name: string): OffloadDevice | undefined {
    return this.registry.find(name);
  }

  protected name(): string {
    const { random, model } = this;
    const names = [...model.entries.keys(), 'toe7', 'toe0'];
    return names[random.below(names.length)];
  }

  protected end(): End | undefined {
    const { ends } = this.talk;
    return ends[this.random.below(Math.max(1, ends.length))];
  }

  protected accept(): void {
    this.stacks.forEach((stack, i) => {
      for (const listening of this.listeners[i].values()) {
        let got = stack.accept(listening);
        for (; got >= 0; got = stack.accept(listening)) this.talk.add(stack, got);
        check(got === -EAGAIN, () => `accept answers ${errnoName(got)}`);
      }
    });
  }

  protected decide({ offload, device, refusal, settings }: Decided): void {
    if (refusal === undefined) return;
    check(offload && device !== undefined, () => `a connection that no rule offloads is refused: ${refusal}`);
    check(REFUSALS.includes(refusal), () => `"${refusal}" is no reason`);
    check(settings.device === undefined || settings.device === device, () => `${device} was not asked`);
    this.decided[refusal] = (this.decided[refusal] ?? 0) + 1;
  }

  /** What has to hold at any time. */
  protected invariants(): void {
    const { world, registry, model, talk, listeners } = this;
    const names = registry.devices.map(({ name }) => name);
    check(names.join() === [...model.entries.keys()].join(), () => `there are ${names.join()}`);
    for (const device of registry.devices) {
      const { name, active, sockets, hardware, attachedSockets, attachedListeners } = device;
      const entry = model.entries.get(name);
      check(
        active === entry?.active && (sockets !== undefined) === entry.attached,
        () => `${name} is in no state`,
      );
      const own = talk.ends.filter(
        ({ stack, socket }) => stack === world.stack && world.stack.deviceOf(socket) === name,
      );
      check(
        attachedSockets === own.length,
        () => `${name} counts ${attachedSockets} sockets of ${own.length}`,
      );
      const { limits } = hardware;
      check(
        attachedListeners >= 0 && attachedListeners <= listeners[0].size,
        () => `${name}: ${attachedListeners} listeners`,
      );
      check(attachedListeners <= limits.listeners, () => `${name} has ${attachedListeners} listeners`);
      const connections = sockets?.connections() ?? 0;
      check(
        connections <= limits.connections,
        () => `${name} has ${connections} of ${limits.connections} connections`,
      );
    }
    for (const { stack, socket } of talk.ends) {
      if (stack !== world.stack) continue;
      const name = world.stack.deviceOf(socket);
      check(name === undefined || names.includes(name), () => `a socket is on ${name}, which is not there`);
    }
    check(
      Object.keys(this.decided).every((reason) => this.refusals(reason) >= this.decided[reason]),
      () => `refusals decided of are not counted: ${JSON.stringify(this.decided)}`,
    );
  }

  /** Refusals for a reason that all devices there ever were have counted. */
  protected refusals(reason: string): number {
    return [...this.counted.keys()].reduce(
      (sum, { refusals }) => sum + refusals[reason as keyof typeof refusals],
      0,
    );
  }

  /** Whatever was broken is whole again. */
  protected heal(): void {
    const { world } = this;
    for (const steering of world.steerings) steering.filter = undefined;
    for (const port of [0, 1]) {
      world.setLink(port, true);
      world.hosts[0].removeRoute(PEER_ADDRESSES[port], 32);
      world.hosts[0].failBack(port);
    }
  }

  /** Every connection that nothing has ended carries bytes, both ways. */
  protected carry(): void {
    const { world, talk, reasons } = this;
    const deadline = world.queue.nowNs + DRAIN_NS;
    const dead = (key: string): boolean => reasons.died.has(key) || !isOnOneWire(key);
    this.settle();
    const pairs = talk.ends.flatMap((end) => {
      const other = talk.ends.find(({ key }) => end.key !== '' && key === mirrored(end.key));
      if (other === undefined || dead(end.key) || end.errno !== 0 || other.errno !== 0) return [];
      return end.writeEnded || other.readEnded ? [] : [{ from: end, to: other, goal: end.sent + 5000 }];
    });
    const left = (): typeof pairs => pairs.filter(({ to, goal }) => to.got < goal);
    while (left().length > 0 && world.queue.nowNs < deadline) {
      for (const { from, to, goal } of left()) {
        if (from.sent < goal) talk.send(from, goal - from.sent);
        talk.recv(to, 20_000);
        check(from.errno === 0 && to.errno === 0, () => `${from.key} fails in the end`);
      }
      pass(world, 1_000_000);
    }
    const [stuck] = left();
    check(
      stuck === undefined,
      () => `${stuck.from.key} carries nothing: ${stuck.to.got} of ${stuck.goal} bytes`,
    );
    this.tally.carried += pairs.length;
  }

  /** What is on its way comes to an end: no connect waits any more, and each that stands has been heard. */
  protected settle(): void {
    const { world, talk } = this;
    for (let second = 0; second < SETTLE_S; second++) {
      pass(world, 1e9);
      this.accept();
      for (const end of talk.ends) if (end.errno === 0) talk.stands(end);
    }
    const waiting = talk.ends.find(({ key, errno }) => key === '' && errno === 0);
    check(waiting === undefined, () => `a connect to ${waiting?.target} has no outcome`);
    const lost = talk.ends.find((end) => talk.isLost(end));
    check(lost === undefined, () => `nobody has heard of ${lost?.key}`);
  }

  protected leave(): void {
    const { world, talk, stacks, listeners, registry, tally } = this;
    for (const end of [...talk.ends]) talk.close(end);
    stacks.forEach((stack, i) => {
      for (const listening of listeners[i].values()) stack.close(listening);
    });
    world.rest();
    const wrong = world.unbalanced();
    check(wrong === undefined, () => wrong ?? '');
    for (const { name, attachedSockets, attachedListeners } of registry.devices) {
      check(attachedSockets + attachedListeners === 0, () => `${name} keeps sockets that are closed`);
    }
    for (const { refusals, handedOver, takenBack } of this.counted.keys()) {
      tally.refused += Object.values(refusals).reduce((sum, count) => sum + count, 0);
      tally.handedOver += handedOver;
      tally.takenBack += takenBack;
    }
    tally.bytes = talk.checked;
    for (const [errno, count] of talk.failures) {
      tally.failed += count;
      tally.errnos[errnoName(errno)] = count;
    }
  }
}

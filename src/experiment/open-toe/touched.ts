/**
 * At how many places a host asks its devices something, or tells them, gathered while it runs: a program uses
 * all that a socket can, on a device and on the host, and all that devices are told of happens once.
 */
import { PacketFilter } from '../../host/devices/filter.ts';
import type { TouchPoint } from '../../host/devices/touch-points.ts';
import { SHUT_WR, type SocketStack } from '../../socket/contract.ts';
import { TCP_NODELAY } from '../../socket/options.ts';
import type { MixedWorld } from '../../world/virtual/mixed-world.ts';
import { listener, opened, peer, served, until } from './calls.ts';
import { openBed, PEER_ADDRESSES, PEER_CARDS, type TestBed } from './world.ts';

const PORT = 80;
const BYTES = 1000;
const NARROW_MTU = 1000;
/** For what is told to arrive. */
const PATIENCE_NS = 50e6;

export interface Touched {
  /** Touch points that were passed, and how often each. */
  readonly passed: ReadonlyMap<TouchPoint, number>;
  /** Operations of sockets that a device was called for, by their names in the socket contract. */
  readonly operations: ReadonlySet<string>;
}

/**
 * Operations that a host passes a touch point in, whoever's they are: nobody has to ask there once more. The
 * ready list is polled where it is taken.
 */
const ASKED_ANYWAY: Readonly<Record<string, TouchPoint>> = {
  bind: 'bind',
  listen: 'listen',
  accept: 'accept',
  connect: 'connect',
  close: 'close',
  nextReady: 'ready',
  poll: 'ready',
};

/** Runs the program. @param told whether the devices are told of neighbours, routes, MTUs and links. */
export function touchedPlaces(bed: TestBed, told = true): Touched {
  const world = openBed(bed);
  const operations = new Set<string>();
  // A new socket is none of a program's yet: its host makes it, and which device it is for is known then.
  for (const device of world.offloading.registry.devices) {
    if (device.sockets === undefined) continue;
    const stack = recorded(device.sockets.stack, (name) => name !== 'socket' && operations.add(name));
    device.sockets = { ...device.sockets, stack };
  }
  world.steerings[0].tap = { frame: () => {} };
  world.steerings[0].filter = new PacketFilter();
  useSockets(world);
  if (told) tellDevices(world);
  const { passed } = world.offloading.touched;
  const names = Object.keys(passed) as TouchPoint[];
  return {
    passed: new Map(names.flatMap((name) => (passed[name] > 0 ? [[name, passed[name]]] : []))),
    operations,
  };
}

/** Places at which that host is changed. */
export function placesOf({ passed }: Touched): number {
  return passed.size;
}

/**
 * Places at which it would be if a socket kept the operations of the host's stack: each operation would have
 * to ask at its own place whose the socket is.
 */
export function placesWithoutReplacing({ passed, operations }: Touched): number {
  const further = [...operations].filter((name) => {
    const point = ASKED_ANYWAY[name];
    return point === undefined || !passed.has(point);
  });
  return passed.size + further.length;
}

/** The same calls, each told by its name. */
function recorded<Calls extends SocketStack>(stack: Calls, tell: (name: string) => void): Calls {
  return new Proxy(stack, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        tell(String(key));
        return Reflect.apply(value, target, given);
      };
    },
  });
}

/** Everything that a program can do with sockets, at either end of a connection. */
function useSockets(world: MixedWorld): void {
  const { stack } = world;
  const bytes = new Uint8Array(BYTES);
  const from = { address: 0, port: 0 };
  const listening = listener(stack, PORT);
  const [own, theirs] = served(world, 0, listening, PORT);
  const far = peer(world, 0);
  const away = listener(far, PORT);
  const { socket: calling } = opened(world, stack, PEER_ADDRESSES[0], PORT);
  for (const socket of [own, calling]) {
    stack.setOption(socket, TCP_NODELAY, 1);
    stack.getOption(socket, TCP_NODELAY);
    stack.tcpInfo(socket);
    stack.localEndpoint(socket);
    stack.remoteEndpoint(socket);
    stack.send(socket, bytes, 0, BYTES);
    stack.sendTo(socket, bytes, 0, BYTES, PEER_ADDRESSES[0], PORT);
  }
  stack.readiness(own);
  far.send(theirs, bytes, 0, BYTES);
  until(world, () => stack.recv(own, bytes, 0, BYTES) > 0);
  stack.recvFrom(own, bytes, 0, BYTES, from);
  for (let ready = stack.nextReady(); ready >= 0; ready = stack.nextReady());
  stack.poll();
  if (stack.deviceOf(own) !== undefined) stack.takeBack(own);
  stack.handOff(own, 'toe0');
  stack.shutdown(calling, SHUT_WR);
  for (const socket of [own, calling, listening]) stack.close(socket);
  for (const socket of [theirs, away]) far.close(socket);
  world.run(() => false, PATIENCE_NS);
}

/** Everything that devices are told of. */
function tellDevices(world: MixedWorld): void {
  const [host] = world.hosts;
  world.movePeer(0, PEER_CARDS[0], { high: 0x0299, low: 0x0000_0007 });
  host.addRoute({ destination: PEER_ADDRESSES[1], prefixLength: 32, via: PEER_ADDRESSES[0], port: 0 });
  host.narrowPath(PEER_ADDRESSES[0], NARROW_MTU);
  for (const up of [false, true]) {
    world.setLink(1, up);
    world.run(() => false, PATIENCE_NS);
  }
}

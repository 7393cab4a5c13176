/** What becomes of connections on a host with offload devices when something happens to them. */

import type { Refusal } from '../../host/devices/device.ts';
import { PacketFilter } from '../../host/devices/filter.ts';
import { parsePolicy } from '../../host/devices/policy/parse.ts';
import { SOCKET_CLASS_ID } from '../../i2o/tids.ts';
import { FAILED, WRITABLE } from '../../socket/contract.ts';
import { SO_ERROR } from '../../socket/options.ts';
import type { MixedWorld } from '../../world/virtual/mixed-world.ts';
import { listener, peer, served, until } from './calls.ts';
import { openBed, PEER_ADDRESSES, PEER_CARDS, SERVER_ADDRESSES, type TestBed } from './world.ts';

const PORT = 80;
const PERCENT = 100;
/** How long a peer waits for what should take microseconds. */
const PATIENCE_NS = 400e6;
/** How long an answer that should take microseconds is waited for after a peer has moved. */
export const STALL_NS = 10e9;
const BYTES = 1000;
/** A write of several segments, and what a narrow way carries. */
const LONG_BYTES = 10_000;
const NARROW_MTU = 1000;
const ETHERNET_BYTES = 14;
/** A station at the first wire by which its peer is reached as well. */
const GATEWAY = 0x0a000009;
/** Connections of those trials that need a few. */
const FEW = 10;

export interface Fallback {
  readonly opened: number;
  readonly onDevice: number;
  readonly onHost: number;
  /** Of 100 that peers tried to open, how many did not come about. */
  readonly lostPercent: number;
  readonly refusals: Readonly<Record<Refusal, number>>;
}

/** Peers open three times as many connections as the device holds. */
export function fillDevice(bed: TestBed, connections: number, fallsBack: boolean): Fallback {
  const limits = { listeners: 1, halfOpen: connections, connections };
  const world = openBed({ ...bed, limits });
  world.offloading.fallsBack = fallsBack;
  const stack = peer(world, 0);
  const listening = listener(world.stack, PORT);
  const own: number[] = [];
  const tried = Array.from({ length: 3 * connections }, () => {
    const socket = stack.socket();
    stack.connect(socket, SERVER_ADDRESSES[0], PORT);
    let stands = false;
    world.run(() => {
      const got = world.stack.accept(listening);
      if (got >= 0) own.push(got);
      stands = (stack.readiness(socket) & (WRITABLE | FAILED)) === WRITABLE && got >= 0;
      return stands;
    }, PATIENCE_NS / connections);
    return stands;
  });
  const onDevice = own.filter((socket) => world.stack.deviceOf(socket) !== undefined).length;
  return {
    opened: tried.length,
    onDevice,
    onHost: own.length - onDevice,
    lostPercent: (PERCENT * tried.filter((stands) => !stands).length) / tried.length,
    refusals: world.offloading.registry.devices[0].refusals,
  };
}

/**
 * Peers open connections by either wire, at each of which is a device of another maker.
 * @returns of 100, how many are with the device of their wire.
 */
export function serveByTwo(bed: TestBed, both: boolean): number {
  const world = openBed(bed);
  if (!both) world.offloading.registry.deactivate('toe1');
  const listening = listener(world.stack, PORT);
  let own = 0;
  for (let i = 0; i < FEW; i++) {
    const at = i % 2;
    const [socket] = served(world, at, listening, PORT);
    if (world.stack.deviceOf(socket) === `toe${at}`) own += 1;
  }
  return (PERCENT * own) / FEW;
}

export interface Tapped {
  /** Of 100 frames that the peers sent and received, how many a tap sees, and how many of the host's own. */
  readonly seenPercent: number;
  readonly hostsPercent: number;
}

/** Half of the connections are on the device, half on the host, and a tap watches. */
export function watchFrames(bed: TestBed): Tapped {
  const world = openBed({ ...bed, limits: { listeners: 1, halfOpen: FEW, connections: FEW / 2 } });
  let seen = 0;
  let hosts = 0;
  world.steerings[0].tap = {
    frame: (device) => {
      seen += 1;
      if (device === undefined) hosts += 1;
    },
  };
  const listening = listener(world.stack, PORT);
  for (let i = 0; i < FEW; i++) {
    const [own, theirs] = served(world, 0, listening, PORT);
    send(world.stack, own);
    until(world, () => receives(peer(world, 0), theirs));
  }
  world.run(() => false, PATIENCE_NS);
  const { deviceTxPackets = 0, deviceRxPackets = 0 } = world.cards[PEER_CARDS[0]].iopLedger.snapshot();
  const all = deviceTxPackets + deviceRxPackets;
  return { seenPercent: (PERCENT * seen) / all, hostsPercent: (PERCENT * hosts) / all };
}

/**
 * A peer's hardware address changes under a connection on the device. @returns how long the next answer
 * takes, in nanoseconds; `STALL_NS` where it does not come.
 */
export function movePeer(bed: TestBed, hearsChanges: boolean): number {
  const world = openBed(bed);
  const [device] = world.devices;
  device.hearsChanges = hearsChanges;
  const listening = listener(world.stack, PORT);
  const [own, theirs] = served(world, 0, listening, PORT);
  if (world.stack.deviceOf(own) === undefined) throw new Error('the connection is not on the device');
  world.movePeer(0, PEER_CARDS[0], { high: 0x0299, low: 0x0000_0007 });
  // The word of it is on its way.
  world.run(() => false, PATIENCE_NS);
  const startNs = world.queue.nowNs;
  send(world.stack, own);
  const came = world.run(() => receives(peer(world, 0), theirs), STALL_NS);
  return came ? world.queue.nowNs - startNs : STALL_NS;
}

/** How long an answer takes after something has changed under a connection on the device; see `movePeer`. */
function afterChange(
  bed: TestBed,
  hearsChanges: boolean,
  bytes: number,
  change: (world: MixedWorld) => void,
): number {
  const world = openBed(bed);
  world.devices[0].hearsChanges = hearsChanges;
  const listening = listener(world.stack, PORT);
  const [own, theirs] = served(world, 0, listening, PORT);
  if (world.stack.deviceOf(own) === undefined) throw new Error('the connection is not on the device');
  change(world);
  world.run(() => false, PATIENCE_NS);
  const startNs = world.queue.nowNs;
  const buffer = new Uint8Array(bytes).fill(7);
  if (world.stack.send(own, buffer, 0, bytes) !== bytes)
    throw new Error(`a socket did not take ${bytes} bytes`);
  let got = 0;
  const came = world.run(() => {
    got += Math.max(0, peer(world, 0).recv(theirs, buffer, 0, bytes));
    return got === bytes;
  }, STALL_NS);
  return came ? world.queue.nowNs - startNs : STALL_NS;
}

/** The host's route to a peer leads by a gateway from now on, and the way it had leads nowhere. */
export function reroutePeer(bed: TestBed, hearsChanges: boolean): number {
  return afterChange(bed, hearsChanges, BYTES, (world) => {
    const { mac } = world.cards[PEER_CARDS[0]].config;
    const low = (mac[2] << 24) | (mac[3] << 16) | (mac[4] << 8) | mac[5];
    world.host.engine.tellNeighbour(GATEWAY, 0x0299, 8, world.clock.nowUs);
    world.steerings[0].gone = { high: (mac[0] << 8) | mac[1], low };
    const route = { destination: PEER_ADDRESSES[0], prefixLength: 32, via: GATEWAY, port: 0 };
    if (world.hosts[0].addRoute(route) !== 0) throw new Error('the host does not take the route');
  });
}

/** The way to a peer carries smaller packets from now on, and the host is told so. */
export function narrowPath(bed: TestBed, hearsChanges: boolean): number {
  return afterChange(bed, hearsChanges, LONG_BYTES, (world) => {
    world.steerings[0].narrowBytes = ETHERNET_BYTES + NARROW_MTU;
    world.hosts[0].narrowPath(PEER_ADDRESSES[0], NARROW_MTU);
  });
}

/**
 * The link of a connection on the device dies, and the host has its other port for that way. Both ports are
 * at one switch with the peer. @param takesBack whether the host takes back what the device has.
 */
export function failOver(bed: TestBed, takesBack: boolean): number {
  return afterChange({ ...bed, oneSwitch: true }, true, BYTES, (world) => {
    const [host] = world.hosts;
    host.followsRoutes = takesBack;
    world.setLink(0, false);
    if (host.failOver(0, 1) !== 0) throw new Error('the host does not take the other port');
  });
}

/** The host's packet filter forbids a port. @returns of 100 connections to it, how many come about. */
export function forbid(bed: TestBed, filtersDevices: boolean): number {
  const world = openBed(bed);
  const [steering] = world.steerings;
  const listening = listener(world.stack, PORT);
  served(world, 0, listening, PORT);
  const [{ expression }] = parsePolicy(`local port ${PORT} => no-offload`);
  steering.filter = new PacketFilter();
  steering.filter.rules = [{ direction: 'in', protocol: 'tcp', expression, drop: true }];
  steering.filtersDevices = filtersDevices;
  const stack = peer(world, 0);
  const sockets = Array.from({ length: FEW }, () => stack.socket());
  for (const socket of sockets) stack.connect(socket, SERVER_ADDRESSES[0], PORT);
  world.run(() => false, PATIENCE_NS);
  const stand = sockets.filter((socket) => (stack.readiness(socket) & (WRITABLE | FAILED)) === WRITABLE);
  return (PERCENT * stand.length) / FEW;
}

export interface Death {
  /** Of 100 connections there were, how many are lost; of 100 that are opened afterwards, how many stand. */
  readonly lostPercent: number;
  readonly newPercent: number;
  /** What the first that is lost says: an errno; 0: none is. */
  readonly errno: number;
}

/** The first device fails under its connections, and is taken out of service. */
export function loseDevice(bed: TestBed): Death {
  const world = openBed(bed);
  const listening = listener(world.stack, PORT);
  const pairs = Array.from({ length: FEW }, () => served(world, 0, listening, PORT));
  world.offloading.registry.deactivate('toe0');
  world.cards[0].host.restartCard(SOCKET_CLASS_ID);
  world.run(() => false, PATIENCE_NS);
  const lost = pairs.filter(([own]) => (world.stack.readiness(own) & FAILED) !== 0);
  const errno = lost.length === 0 ? 0 : world.stack.getOption(lost[0][0], SO_ERROR);
  let stand = 0;
  for (let i = 0; i < FEW; i++) {
    const [own] = served(world, 0, listening, PORT);
    if (world.stack.deviceOf(own) === undefined) stand += 1;
  }
  return { lostPercent: (PERCENT * lost.length) / FEW, newPercent: (PERCENT * stand) / FEW, errno };
}

function send(stack: { send: SendCall }, socket: number): void {
  const bytes = new Uint8Array(BYTES).fill(7);
  if (stack.send(socket, bytes, 0, BYTES) !== BYTES)
    throw new Error('a socket did not take a thousand bytes');
}

type SendCall = (socket: number, bytes: Uint8Array, offset: number, length: number) => number;

function receives(stack: { recv: SendCall }, socket: number): boolean {
  return stack.recv(socket, new Uint8Array(BYTES), 0, BYTES) === BYTES;
}

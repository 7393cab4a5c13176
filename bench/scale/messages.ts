/**
 * `npm run scale:messages -- [connections]`: very many connections between two cards, opened by messages in
 * virtual time: one socket of each card's driver for each of them, from four addresses and to as many
 * ports as they need.
 * Then bytes go both ways over some of them. By default 100,000.
 */
import { SO_REUSEADDR } from '../../src/socket/options.ts';
import { readTopology } from '../../src/world/topology.ts';
import type { VirtualCard } from '../../src/world/virtual/virtual-card.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { memoryNow } from './measure.ts';

const CLIENT_ADDRESSES = [0x0a00_0001, 0x0a00_0002, 0x0a00_0003, 0x0a00_0004];
const SERVER_ADDRESS = 0x0a00_0009;
const FIRST_PORT = 80;
const FIRST_LOCAL_PORT = 16_384;
const LOCAL_PORTS = 65_536 - FIRST_LOCAL_PORT;
/** Connections of one address and port that are opened before the next port is connected to. */
const TO_A_PORT = CLIENT_ADDRESSES.length * LOCAL_PORTS;
/** Connections that are opened at once, and how long they have for it. */
const BATCH = 128;
const BATCH_NS = 2e6;
const BACKLOG = 1024;
const EXCHANGES = 1000;

const connections = Number(process.argv[2] ?? 100_000);
const ports = Math.ceil(connections / TO_A_PORT);
if (!(connections >= 1 && connections <= 1_000_000)) {
  console.error('scale:messages: expected 1 to 1000000 connections: scale:messages 100000');
  process.exit(2);
}

/** A card with as many sockets as are asked for, and few buffers, which all of them share. */
function card(host: string, addresses: readonly string[], socketsMax: number): object {
  return {
    host,
    ports: Object.fromEntries(addresses.map((address, i) => [`eth${i}`, { address }])),
    pools: {
      transmitBuffers: 1024,
      receiveBuckets: 1024,
      inboundFrames: 4096,
      outboundFrames: 4096,
      immediateSlots: 1024,
    },
    driver: { socketsMax },
    stack: { timeWaitMax: 1024 },
  };
}

/** And those that each listener has posted for connections that do not come. */
const socketsMax = connections + 64 * (ports + 1);
const world = new VirtualWorld(
  readTopology({
    hosts: { here: {}, there: {} },
    switches: { middle: {} },
    cards: {
      client: card('here', ['10.0.0.1/24', '10.0.0.2/24', '10.0.0.3/24', '10.0.0.4/24'], socketsMax),
      server: card('there', ['10.0.0.9/24'], socketsMax),
    },
    links: {
      a: { ends: ['client.eth0', 'middle'] },
      b: { ends: ['client.eth1', 'middle'] },
      c: { ends: ['client.eth2', 'middle'] },
      d: { ends: ['client.eth3', 'middle'] },
      e: { ends: ['middle', 'server.eth0'] },
    },
  }),
  [],
  false,
);
const [client, server] = world.cards as [VirtualCard, VirtualCard];

function run(ns: number): void {
  for (const each of world.cards) each.start({ step: () => 0 });
  world.run(() => false, ns);
}

function must(what: string, result: number): number {
  if (result < 0) throw new Error(`${what}: errno ${-result}`);
  return result;
}

const listeners = Array.from({ length: ports }, (_, i) => {
  const listener = must('socket', server.stack.socket());
  must('bind', server.stack.bind(listener, 0, FIRST_PORT + i));
  must('listen', server.stack.listen(listener, BACKLOG));
  return listener;
});
const clients: number[] = [];
const servers: number[] = [];

/** The next connection, from the next address. */
function open(): void {
  const { stack } = client;
  const i = clients.length;
  const turn = Math.floor(i / CLIENT_ADDRESSES.length);
  const socket = must('socket', stack.socket());
  must('SO_REUSEADDR', stack.setOption(socket, SO_REUSEADDR, 1));
  const address = CLIENT_ADDRESSES[i % CLIENT_ADDRESSES.length];
  must('bind', stack.bind(socket, address, FIRST_LOCAL_PORT + (turn % LOCAL_PORTS)));
  stack.connect(socket, SERVER_ADDRESS, FIRST_PORT + Math.floor(turn / LOCAL_PORTS));
  clients.push(socket);
}

function acceptAll(): void {
  for (const listener of listeners) {
    for (let s = server.stack.accept(listener); s >= 0; s = server.stack.accept(listener)) servers.push(s);
  }
}

const before = process.cpuUsage();
while (servers.length < connections) {
  for (let i = 0; i < BATCH && clients.length < connections; i++) open();
  const had = servers.length;
  run(BATCH_NS);
  acceptAll();
  if (servers.length === had && clients.length === connections) run(1e9);
}
const { user, system } = process.cpuUsage(before);
const { residentBytes, heapBytes, arrayBytes } = memoryNow();
const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(2);
console.log(`${connections.toLocaleString('en')} connections between two cards, to ${ports} ports,`);
console.log(`  opened in ${((user + system) / 1e6).toFixed(0)} s of the processor`);
console.log(
  `  the process: ${gigabytes(residentBytes)} GB resident (heap ${gigabytes(heapBytes)},` +
    ` arrays as made ${gigabytes(arrayBytes)})`,
);

const message = new Uint8Array(64).fill(7);
const room = new Uint8Array(64);
const step = Math.max(1, Math.floor(connections / EXCHANGES));
let sent = 0;
for (let i = 0; i < connections; i += step) {
  must('send', client.stack.send(clients[i] as number, message, 0, message.length));
  sent += 1;
  if (sent % BATCH === 0) run(BATCH_NS);
}
run(1e9);
let got = 0;
for (const s of servers) if (server.stack.recv(s, room, 0, room.length) === message.length) got += 1;
if (got !== sent) throw new Error(`${sent} messages were sent, and ${got} came`);
console.log(`  ${sent} messages sent over as many of them came`);

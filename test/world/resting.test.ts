/**
 * What hundreds of connections whose readers rest cost a busy one, counted in virtual time: no frame, look or
 * copy a transaction more, and no look at any of them once its peer has shown to read.
 */
import { expect, test } from 'vitest';
import { SOCK_DGRAM } from '../../src/socket/contract.ts';
import { EAGAIN } from '../../src/socket/errno.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const ADDRESS = 0x7f000001;
const PORT = 80;
const STEP_NS = 2e6;
const TRANSACTIONS = 100;
const BYTES = new Uint8Array(4096);

class Beside {
  readonly world: VirtualWorld;
  readonly listener: number;

  constructor() {
    const pools = {
      receiveBuckets: 128,
      receiveBucketBytes: 2048,
      transmitBuffers: 600,
      transmitBufferBytes: 2048,
    };
    this.world = new VirtualWorld({
      cards: [{ mtu: 1500, pools, driver: { socketsMax: 700 }, stack: { seed: 1 } }],
    });
    const { stack } = this;
    this.listener = stack.socket();
    expect(stack.bind(this.listener, 0, PORT) || stack.listen(this.listener, 64)).toBe(0);
  }

  get host() {
    return this.world.cards[0].host;
  }

  get stack() {
    return this.host.sockets;
  }

  run(ns: number): void {
    this.world.cards[0].start({ step: () => 0 });
    this.world.run(() => false, ns);
  }

  connect(): { client: number; server: number } {
    const client = this.stack.socket();
    this.stack.connect(client, ADDRESS, PORT);
    this.run(STEP_NS);
    return { client, server: this.stack.accept(this.listener) };
  }

  /** Connections whose senders send until nothing more is taken, and whose readers never read. */
  rest(count: number): void {
    const clients = Array.from({ length: count }, () => this.connect().client);
    for (let taken = 1; taken > 0; ) {
      taken = 0;
      for (const client of clients) taken += Math.max(0, this.stack.send(client, BYTES, 0, BYTES.length));
      this.run(50 * STEP_NS);
    }
  }

  /** @returns what the ledgers count for a number of round trips of `bytes` each way. */
  transact(bytes: number): Record<string, number> {
    const { client, server } = this.connect();
    this.run(1000 * STEP_NS);
    const before = this.counters();
    for (let i = 0; i < TRANSACTIONS; i++) {
      this.pass(client, server, bytes);
      this.pass(server, client, bytes);
    }
    const after = this.counters();
    return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]]));
  }

  private counters(): Record<string, number> {
    return { ...this.host.ledger.snapshot(), ...this.world.cards[0].iopLedger.snapshot() };
  }

  private pass(from: number, to: number, bytes: number): void {
    let unsent = bytes;
    let unread = bytes;
    for (let turn = 0; unread > 0 && turn < 100; turn++) {
      if (unsent > 0) unsent -= Math.max(0, this.stack.send(from, BYTES, 0, unsent));
      this.run(turn === 0 ? STEP_NS / 20 : STEP_NS);
      while (unread > 0) {
        const got = this.stack.recv(to, BYTES, 0, unread);
        if (got === -EAGAIN) break;
        unread -= got;
      }
    }
    expect(unread).toBe(0);
  }
}

/** Probes of windows that are shut are no transaction's, and their number depends on the time alone. */
const COUNTED = [
  'userCalls',
  'hostPolls',
  'inboundPosted',
  'outboundReleased',
  'sendCopies',
  'immediateCopies',
  'receiveCopies',
  'receiveStoreCopies',
  'doorbellsRung',
];

test.each([64, 4000])('300 readers at rest cost a busy connection nothing by %i bytes', (bytes) => {
  const alone = new Beside().transact(bytes);
  const beside = new Beside();
  beside.rest(300);
  const { blocked } = beside.host.driver;
  expect(blocked['count']).toBe(300);
  expect(beside.host.ledger.snapshot()['receiveStoreCopies']).toBeGreaterThan(200);
  let looks = 0;
  const tellAll = blocked['tellAll'].bind(blocked);
  blocked['tellAll'] = () => {
    looks += 1;
    tellAll();
  };
  const counted = beside.transact(bytes);
  for (const name of COUNTED) {
    expect([name, counted[name] ?? 0]).toEqual([name, alone[name] ?? 0]);
  }
  // Until 64 KiB have been acknowledged to it, it has to wait itself for its second buffer.
  expect(looks).toBeLessThanOrEqual(bytes === 64 ? 0 : 20);
});

test('datagrams that nobody reads take neither the last buckets nor the store; losses are counted', () => {
  const beside = new Beside();
  const { stack, host } = beside;
  const { client, server } = beside.connect();
  const receivers = [0, 1, 2, 3].map((i) => {
    const socket = stack.socket(SOCK_DGRAM);
    expect(stack.bind(socket, ADDRESS, 9000 + i)).toBe(0);
    return socket;
  });
  const sender = stack.socket(SOCK_DGRAM);
  const blocks = host.receive.blocksFree;
  for (let i = 0; i < 2000; i++) {
    stack.sendTo(sender, BYTES, 0, 100, ADDRESS, 9000 + (i & 3));
    if (i % 20 === 19) beside.run(STEP_NS);
  }
  const lost = host.ledger.snapshot()['datagramsDropped'] + beside.world.snapshot()[1]['udpInErrors'];
  expect(lost).toBeGreaterThan(1000);
  expect(host.ledger.snapshot()['datagramsDropped']).toBeGreaterThan(0);
  expect(host.receive.spare).toBeGreaterThan(16);
  expect(blocks - host.receive.blocksFree).toBeLessThanOrEqual(receivers.length);
  const { client: late, server: heard } = beside.connect();
  for (const [from, to] of [
    [client, server],
    [late, heard],
  ] as const) {
    expect(stack.send(from, BYTES, 0, 1000)).toBe(1000);
    beside.run(STEP_NS);
    expect(stack.recv(to, new Uint8Array(1000), 0, 1000)).toBe(1000);
  }
  // Whoever reads at last gets the oldest ones whole.
  expect(stack.recv(receivers[0] as number, new Uint8Array(200), 0, 200)).toBe(100);
  for (const socket of [client, server, late, heard, sender, beside.listener, ...receivers])
    stack.close(socket);
  beside.run(1e9);
  expect(host.receive.blocksFree).toBe(blocks);
});

/**
 * What the stack costs by itself: both ends of each connection in one stack, over a pipe that only copies.
 * The pipe's own cost is measured too, to be taken off by the reader.
 */
import { DmaEngine } from '../src/dma/engine.ts';
import { PacketPool } from '../src/dma/packets.ts';
import { allocateRegion, type Region } from '../src/dma/region.ts';
import { LEDGER_BYTES, Ledger } from '../src/ledger/ledger.ts';
import type { StackConfig } from '../src/tcpip/config.ts';
import { GATHER_BYTES, type LinkPort, RX_CHECKSUM_CHECKED, type SocketOwner } from '../src/tcpip/contract.ts';
import { DEFAULT_STACK_CONFIG, Stack } from '../src/tcpip/stack/stack.ts';

const LOOPBACK = 0x7f000001;
const SLOTS = 256;
const SLOT_BYTES = 65664;
const HEADERS = 128;
const RING = 256;

/** How losses are found, and how windows grow. */
type Algorithms = Partial<Pick<StackConfig, 'lossRecovery' | 'congestionControl'>>;

class Pipe implements LinkPort {
  readonly mtu = 65535;
  readonly macHigh = 0x0200;
  readonly macLow = 1;
  readonly transmitChecksum = true;
  readonly segmentBytesMax = 0;
  readonly piecesMax = 16;
  readonly packets: PacketPool;
  private readonly region: Region;
  private readonly headers: number;
  private slot = -1;
  private end = 0;
  private readonly ring = new Int32Array(RING * 2);
  private head = 0;
  private tail = 0;
  carried = 0;

  constructor(region: Region, packets: PacketPool, headers: number) {
    this.region = region;
    this.packets = packets;
    this.headers = headers;
  }

  claim(): number {
    if (this.slot < 0) this.slot = this.packets.take();
    if (this.slot < 0 || this.tail - this.head === RING) return -1;
    this.end = this.packets.addressOf(this.slot) + HEADERS;
    return this.headers;
  }

  addPiece(address: number, length: number): void {
    this.region.kernels.copy(this.end, address, length);
    this.end += length;
  }

  /** The headers are put right before the payload, so that the pieces need no second copy. */
  send(headerLength: number): void {
    const start = this.packets.addressOf(this.slot) + HEADERS - headerLength;
    this.region.kernels.copy(start, this.headers, headerLength);
    const at = (this.tail & (RING - 1)) * 2;
    this.ring[at] = this.slot;
    this.ring[at + 1] = (headerLength << 24) | (this.end - start);
    this.tail = (this.tail + 1) | 0;
    this.slot = -1;
  }

  deliver(stack: Stack, nowUs: number): number {
    let delivered = 0;
    while (this.head !== this.tail) {
      const at = (this.head & (RING - 1)) * 2;
      const slot = this.ring[at];
      const word = this.ring[at + 1];
      this.head = (this.head + 1) | 0;
      const start = this.packets.addressOf(slot) + HEADERS - (word >>> 24);
      if (!stack.input(slot, start, word & 0xffffff, RX_CHECKSUM_CHECKED, nowUs)) this.packets.free(slot);
      delivered += 1;
    }
    this.carried += delivered;
    return delivered;
  }
}

class Owner implements SocketOwner {
  readables = 0;
  done = 0;
  acceptables = 0;
  connections = 0;
  connected(): void {
    this.connections += 1;
  }
  acceptable(): void {
    this.acceptables += 1;
  }
  readable(): void {
    this.readables += 1;
  }
  failed(owner: number, errno: number): void {
    throw new Error(`socket ${owner} failed with ${errno}`);
  }
  stateChanged(): void {}
  overflowed(): void {}
  sendDone(): void {
    this.done += 1;
  }
}

interface Bed {
  readonly region: Region;
  readonly pipe: Pipe;
  readonly owner: Owner;
  readonly stack: Stack;
  readonly buffer: number;
  readonly sink: number;
  readonly listener: number;
}

function makeBed(algorithms: Algorithms): Bed {
  const ledgerAt = 128;
  const headers = Math.ceil((ledgerAt + LEDGER_BYTES) / 128) * 128;
  const buffer = headers + 256;
  const sink = buffer + (1 << 20);
  const gather = sink + (1 << 20);
  const slots = gather + GATHER_BYTES;
  const region = allocateRegion(slots + SLOTS * SLOT_BYTES);
  const packets = new PacketPool(slots, SLOTS, SLOT_BYTES);
  const ledger = new Ledger(region, ledgerAt);
  const pipe = new Pipe(region, packets, headers);
  const owner = new Owner();
  const stack = new Stack(
    { ...DEFAULT_STACK_CONFIG, connectionsMax: 1024, ...algorithms },
    region,
    packets,
    new DmaEngine(region, ledger),
    ledger,
    [pipe],
    owner,
    gather,
  );
  stack.makeConnections();
  const listener = stack.tcpOpen(0);
  stack.tcpBind(listener, 0, 80);
  stack.tcpListen(listener, 128);
  return { region, pipe, owner, stack, buffer, sink, listener };
}

function turn(bed: Bed, nowUs: number): void {
  do bed.stack.flush(nowUs);
  while (bed.pipe.deliver(bed.stack, nowUs) > 0);
  bed.stack.advance(nowUs);
}

function connect(bed: Bed, nowUs: number): number {
  const client = bed.stack.tcpOpen(1);
  const errno = bed.stack.tcpConnect(client, LOOPBACK, 80, nowUs);
  if (errno !== 0) throw new Error(`connect: errno ${errno}`);
  turn(bed, nowUs);
  return client;
}

function oneWay(bed: Bed, from: number, to: number, bytes: number, nowUs: number): void {
  const { stack } = bed;
  stack.tcpSend(from, bed.buffer, bytes, 1, 0, nowUs);
  stack.flush(nowUs);
  bed.pipe.deliver(stack, nowUs);
  stack.tcpTake(to, bed.sink, bytes);
  stack.tcpConsumed(to, bytes, nowUs);
  stack.advance(nowUs);
}

function benchRoundTrip(bytes: number, scale: number, algorithms: Algorithms): string {
  let line = '';
  const bed = makeBed(algorithms);
  let now = 1000;
  const client = connect(bed, now);
  const server = bed.stack.tcpAccept(bed.listener, 2);
  for (let repeat = 0; repeat < 5; repeat++) {
    const trips = Math.ceil(300_000 * scale);
    const packets = bed.pipe.carried;
    const start = performance.now();
    for (let i = 0; i < trips; i++) {
      now = (now + 2) | 0;
      oneWay(bed, client, server, bytes, now);
      oneWay(bed, server, client, bytes, now);
    }
    const ns = ((performance.now() - start) * 1e6) / trips / 2;
    const each = (bed.pipe.carried - packets) / trips / 2;
    line = `rr ${bytes} B one way: ${ns.toFixed(0)} ns, ${each.toFixed(2)} packets`;
  }
  return line;
}

function benchConnections(scale: number, algorithms: Algorithms): string {
  let line = '';
  const bed = makeBed(algorithms);
  const { stack } = bed;
  let now = 1000;
  for (let repeat = 0; repeat < 5; repeat++) {
    const trips = Math.ceil(100_000 * scale);
    const packets = bed.pipe.carried;
    const start = performance.now();
    for (let i = 0; i < trips; i++) {
      now = (now + 12) | 0;
      const client = connect(bed, now);
      const server = stack.tcpAccept(bed.listener, 2);
      stack.tcpSend(client, bed.buffer, 64, 1, 0, now);
      turn(bed, now);
      stack.tcpTake(server, bed.sink, 64);
      stack.tcpConsumed(server, 64, now);
      stack.tcpSend(server, bed.buffer, 64, 1, 0, now);
      turn(bed, now);
      stack.tcpTake(client, bed.sink, 64);
      stack.tcpConsumed(client, 64, now);
      stack.tcpClose(client, now);
      turn(bed, now);
      stack.tcpClose(server, now);
      turn(bed, now);
    }
    const us = ((performance.now() - start) * 1e3) / trips;
    const each = (bed.pipe.carried - packets) / trips;
    line = `crr: ${us.toFixed(2)} us a connection, ${each.toFixed(1)} packets`;
  }
  return line;
}

function benchStream(bytes: number, scale: number, algorithms: Algorithms): string {
  let line = '';
  const bed = makeBed(algorithms);
  const { stack } = bed;
  let now = 1000;
  const client = connect(bed, now);
  const server = stack.tcpAccept(bed.listener, 2);
  let queued = 0;
  for (let repeat = 0; repeat < 5; repeat++) {
    const total = Math.ceil((1 << 30) * scale);
    let left = total;
    const start = performance.now();
    while (left > 0) {
      now = (now + 10) | 0;
      while (queued - bed.owner.done < 16) {
        stack.tcpSend(client, bed.buffer, bytes, 1, 0, now);
        queued += 1;
      }
      stack.flush(now);
      bed.pipe.deliver(stack, now);
      const n = stack.tcpTake(server, bed.sink, 1 << 20);
      stack.tcpConsumed(server, n, now);
      left -= n;
      stack.advance(now);
    }
    const seconds = (performance.now() - start) / 1000;
    line = `stream ${bytes} B: ${(total / seconds / 1e9).toFixed(2)} GB/s`;
  }
  return line;
}

/** The pipe alone: a packet of the size of a small segment. */
function benchPipe(scale: number, algorithms: Algorithms): string {
  let line = '';
  const bed = makeBed(algorithms);
  const { pipe } = bed;
  const sink = { input: () => false } as unknown as Stack;
  for (let repeat = 0; repeat < 3; repeat++) {
    const packets = Math.ceil(1_000_000 * scale);
    const start = performance.now();
    for (let i = 0; i < packets; i++) {
      pipe.claim();
      pipe.addPiece(bed.buffer, 64);
      pipe.send(66);
      pipe.deliver(sink, 0);
    }
    line = `pipe alone: ${(((performance.now() - start) * 1e6) / packets).toFixed(0)} ns a packet`;
  }
  return line;
}

/**
 * @param scale 1 for a figure, less for a smoke test.
 * @param algorithms of TCP, where they are not the stack's own defaults.
 * @returns a line each, of the last of several repeats.
 */
export function runTcpipBench(scale: number, algorithms: Algorithms = {}): string[] {
  return [
    benchPipe(scale, algorithms),
    benchRoundTrip(64, scale, algorithms),
    benchConnections(scale, algorithms),
    benchStream(65536, scale, algorithms),
  ];
}

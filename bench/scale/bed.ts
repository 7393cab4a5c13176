/**
 * Two stacks with room for very many connections, joined by a wire that only copies: the one listens at
 * several ports, the other connects from several addresses. Both stand for cards' stacks; nothing of a
 * driver's is in it.
 */
import { DmaEngine } from '../../src/dma/engine.ts';
import { PacketPool } from '../../src/dma/packets.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { SO_REUSEADDR } from '../../src/socket/options.ts';
import {
  GATHER_BYTES,
  type LinkClient,
  type LinkPort,
  RX_CHECKSUM_CHECKED,
  type SocketOwner,
} from '../../src/tcpip/contract.ts';
import { DEFAULT_STACK_CONFIG, Stack, type StackConfig } from '../../src/tcpip/stack/stack.ts';
import type { TcpTables } from '../../src/tcpip/tcp/tables.ts';

const SERVER_ADDRESS = 0x0a00_0001;
/** The clients' first address, and by how much the next ones are larger. */
const CLIENT_ADDRESS = 0x0a01_0001;
const ADDRESS_STEP = 0x100;
const CLIENT_MAC = 0x100;
const SERVER_MAC = 1;
const FIRST_PORT = 80;
const FIRST_LOCAL_PORT = 16_384;
const LOCAL_PORTS = 65_536 - FIRST_LOCAL_PORT;
const SLOTS = 256;
const SLOT_BYTES = 2048;
const HEADERS = 128;
/** Connections that are being opened at once. */
const OPENING = 64;
const MESSAGE_BYTES = 64;
const BACKLOG = 1024;

/** Where the frames of all ports wait until they are carried. */
class Wire {
  readonly region: Region;
  readonly packets: PacketPool;
  readonly clients: LinkClient[] = [];
  private readonly ring = new Int32Array(SLOTS * 2);
  private head = 0;
  private tail = 0;
  carried = 0;

  constructor(region: Region, packets: PacketPool) {
    this.region = region;
    this.packets = packets;
  }

  put(slot: number, start: number, length: number): void {
    const at = (this.tail++ % SLOTS) * 2;
    this.ring[at] = slot;
    this.ring[at + 1] = ((start & (SLOT_BYTES - 1)) << 16) | length;
  }

  /** Carries what waits. @returns frames. */
  deliver(nowUs: number): number {
    const first = this.head;
    while (this.head < this.tail) {
      const at = (this.head++ % SLOTS) * 2;
      const slot = this.ring[at];
      const start = this.packets.addressOf(slot) + (this.ring[at + 1] >>> 16);
      this.hand(slot, start, this.ring[at + 1] & 0xffff, nowUs);
    }
    this.carried += this.head - first;
    return this.head - first;
  }

  private hand(slot: number, start: number, length: number, nowUs: number): void {
    const { view } = this.region;
    const to = view.getInt32(start + 2);
    if (to === -1) {
      // To everybody: an ARP request, which nobody keeps. The sender hears itself no worse than others do.
      for (const client of this.clients) client.input(slot, start, length, RX_CHECKSUM_CHECKED, nowUs);
      this.packets.free(slot);
      return;
    }
    const client = this.clients[to === SERVER_MAC ? 0 : to - CLIENT_MAC + 1];
    if (!client.input(slot, start, length, RX_CHECKSUM_CHECKED, nowUs)) this.packets.free(slot);
  }
}

class Port implements LinkPort {
  readonly mtu = 1500;
  readonly macHigh = 0x0200;
  readonly macLow: number;
  readonly transmitChecksum = true;
  readonly segmentBytesMax = 0;
  readonly piecesMax = 16;
  private readonly wire: Wire;
  private readonly headers: number;
  private slot = -1;
  private end = 0;

  constructor(wire: Wire, macLow: number, headers: number) {
    this.wire = wire;
    this.macLow = macLow;
    this.headers = headers;
  }

  claim(): number {
    if (this.slot < 0) this.slot = this.wire.packets.take();
    if (this.slot < 0) return -1;
    this.end = this.wire.packets.addressOf(this.slot) + HEADERS;
    return this.headers;
  }

  addPiece(address: number, length: number): void {
    this.wire.region.kernels.copy(this.end, address, length);
    this.end += length;
  }

  /** The headers are put right before the payload, so that the pieces need no second copy. */
  send(headerLength: number): void {
    const start = this.wire.packets.addressOf(this.slot) + HEADERS - headerLength;
    this.wire.region.kernels.copy(start, this.headers, headerLength);
    this.wire.put(this.slot, start, this.end - start);
    this.slot = -1;
  }
}

class Owner implements SocketOwner {
  connections = 0;
  connected(owner: number, errno: number): void {
    if (errno !== 0) throw new Error(`connection ${owner} cannot be opened: errno ${errno}`);
    this.connections += 1;
  }
  acceptable(): void {}
  readable(): void {}
  failed(owner: number, errno: number): void {
    throw new Error(`connection ${owner} failed: errno ${errno}`);
  }
  stateChanged(): void {}
  overflowed(): void {
    throw new Error('a backlog is full');
  }
  sendDone(): void {}
}

export interface ScaleSettings {
  /** Connections there can be at once, in each stack. */
  readonly connections: number;
  /** Tcbs of each stack before idle connections give theirs up. */
  readonly active: number;
  /** Addresses that clients connect from, at most 16, and ports that are listened at. */
  readonly addresses: number;
  readonly ports: number;
  readonly config?: Partial<StackConfig>;
}

export class ScaleBed {
  readonly client: Stack;
  readonly server: Stack;
  readonly wire: Wire;
  private readonly settings: ScaleSettings;
  private readonly listeners: number[] = [];
  private readonly clientOwner = new Owner();
  private readonly buffer: number;
  private readonly sink: number;
  /** Open connections: the client's number of each, and the server's. */
  readonly clients: Int32Array;
  readonly servers: Int32Array;
  count = 0;
  nowUs = 1000;

  constructor(settings: ScaleSettings) {
    this.settings = settings;
    const ledgerBytes = Math.ceil(LEDGER_BYTES / 128) * 128;
    const headersAt = 128 + 2 * ledgerBytes;
    const headerCount = settings.addresses + 1;
    this.buffer = headersAt + 128 * headerCount;
    this.sink = this.buffer + 4096;
    const gatherAt = this.sink + 4096;
    const slotsAt = Math.ceil((gatherAt + 2 * GATHER_BYTES) / SLOT_BYTES) * SLOT_BYTES;
    const region = allocateRegion(slotsAt + SLOTS * SLOT_BYTES);
    this.wire = new Wire(region, new PacketPool(slotsAt, SLOTS, SLOT_BYTES));
    const ports = Array.from(
      { length: headerCount },
      (_, i) => new Port(this.wire, i === 0 ? SERVER_MAC : CLIENT_MAC + i - 1, headersAt + 128 * i),
    );
    const further = Array.from({ length: settings.addresses - 1 }, (_, i) => ({
      address: CLIENT_ADDRESS + (i + 1) * ADDRESS_STEP,
      prefixLength: 32,
    }));
    const make = (side: number, of: readonly Port[], owner: Owner, config: Partial<StackConfig>): Stack => {
      const ledger = new Ledger(region, 128 + side * ledgerBytes);
      return new Stack(
        {
          ...DEFAULT_STACK_CONFIG,
          prefixLength: 8,
          connectionsMax: settings.connections + settings.ports,
          activeConnections: settings.active,
          timeWaitMax: 1024,
          receiveWindowBytes: 16_384,
          seed: side + 1,
          ...settings.config,
          ...config,
        },
        region,
        this.wire.packets,
        new DmaEngine(region, ledger),
        ledger,
        of,
        owner,
        gatherAt + side * GATHER_BYTES,
      );
    };
    this.server = make(0, ports.slice(0, 1), new Owner(), { address: SERVER_ADDRESS });
    this.client = make(1, ports.slice(1), this.clientOwner, {
      address: CLIENT_ADDRESS,
      furtherPorts: further,
    });
    this.wire.clients.push(this.server.clientOf(0));
    for (let port = 0; port < settings.addresses; port++) this.wire.clients.push(this.client.clientOf(port));
    for (const stack of [this.server, this.client]) stack.makeConnections();
    for (let i = 0; i < settings.ports; i++) this.listen(FIRST_PORT + i);
    this.clients = new Int32Array(settings.connections);
    this.servers = new Int32Array(settings.connections);
  }

  /** Opens connections until there are so many. */
  openTo(count: number): void {
    while (this.count < count) this.openSome(Math.min(OPENING, count - this.count));
  }

  /** A message there and one back, over one connection. */
  roundTrip(at: number): void {
    this.nowUs = (this.nowUs + 2) | 0;
    this.oneWay(this.client, this.clients[at], this.server, this.servers[at]);
    this.oneWay(this.server, this.servers[at], this.client, this.clients[at]);
  }

  /** Lets time pass, so that delayed acknowledgements go and all is idle. */
  rest(): void {
    for (let i = 0; i < 100; i++) {
      this.nowUs = (this.nowUs + 10_000) | 0;
      this.settle();
    }
  }

  private listen(port: number): void {
    const listener = this.server.tcpOpen(0);
    const errno = this.server.tcpBind(listener, 0, port) || this.server.tcpListen(listener, BACKLOG);
    if (errno !== 0) throw new Error(`port ${port} cannot be listened at: errno ${errno}`);
    this.listeners.push(listener);
  }

  /** The next connections are opened, and nobody accepts them yet. */
  dial(count: number): void {
    const { client, settings } = this;
    for (let i = this.count; i < this.count + count; i++) {
      this.nowUs = (this.nowUs + 20) | 0;
      const c = client.tcpOpen(i);
      client.tcpSetOption(c, SO_REUSEADDR, 1);
      const address = CLIENT_ADDRESS + (i % settings.addresses) * ADDRESS_STEP;
      const turn = (i / settings.addresses) | 0;
      const to = FIRST_PORT + ((turn / LOCAL_PORTS) | 0);
      const errno =
        client.tcpBind(c, address, FIRST_LOCAL_PORT + (turn % LOCAL_PORTS)) ||
        client.tcpConnect(c, SERVER_ADDRESS, to, this.nowUs);
      if (errno !== 0) throw new Error(`connection ${i} cannot be opened: errno ${errno}`);
      this.clients[i] = c;
    }
    this.settle();
  }

  private openSome(count: number): void {
    const { server } = this;
    const first = this.count;
    this.dial(count);
    for (const listener of this.listeners) {
      for (let s = server.tcpAccept(listener, 0); s >= 0; s = server.tcpAccept(listener, 0)) {
        this.servers[this.numberOf(s)] = s;
        this.count += 1;
      }
    }
    if (this.count !== first + count) throw new Error(`${this.count - first} of ${count} were opened`);
  }

  /** Which connection it is that the server has accepted. */
  private numberOf(s: number): number {
    const { server, settings } = this;
    const address = (server.tcpRemoteAddress(s) - CLIENT_ADDRESS) / ADDRESS_STEP;
    const turn =
      server.tcpRemotePort(s) - FIRST_LOCAL_PORT + (server.tcpLocalPort(s) - FIRST_PORT) * LOCAL_PORTS;
    return turn * settings.addresses + address;
  }

  /** Lets all that is on its way arrive. */
  settle(): void {
    const { client, server, wire, nowUs } = this;
    do {
      client.flush(nowUs);
      server.flush(nowUs);
    } while (wire.deliver(nowUs) > 0 || client.hasOutput() || server.hasOutput());
    client.advance(nowUs);
    server.advance(nowUs);
  }

  private oneWay(from: Stack, c: number, to: Stack, d: number): void {
    const { nowUs } = this;
    const errno = from.tcpSend(c, this.buffer, MESSAGE_BYTES, -1, 0, nowUs);
    if (errno !== 0) throw new Error(`a send fails: errno ${errno}`);
    from.flush(nowUs);
    this.wire.deliver(nowUs);
    if (to.tcpTake(d, this.sink, MESSAGE_BYTES) !== MESSAGE_BYTES) throw new Error('a message is missing');
    to.tcpConsumed(d, MESSAGE_BYTES, nowUs);
    from.advance(nowUs);
    to.advance(nowUs);
  }
}

/** The tables of a stack, to count what is in them. */
export function tablesOf(stack: Stack): TcpTables {
  return (stack as unknown as { tcp: TcpTables }).tcp;
}

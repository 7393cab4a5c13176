/**
 * What one packet costs from the stack's `claim` through the fake NIC, a perfect loop-back wire and the NIC
 * again to the client's `input`, with and without checksum offload. `runHdmBench` is also smoke-run by the
 * tests with a tiny budget.
 */

import { DmaEngine } from '../src/dma/engine.ts';
import { PacketPool, planPackets } from '../src/dma/packets.ts';
import { MemoryPlan } from '../src/dma/plan.ts';
import { allocateRegion, type Region } from '../src/dma/region.ts';
import { FakeNic } from '../src/hdm/nic.ts';
import { NIC_DEFAULTS } from '../src/hdm/nic-config.ts';
import { packetSlotBytes, planNic } from '../src/hdm/nic-rings.ts';
import { LEDGER_BYTES, Ledger } from '../src/ledger/ledger.ts';
import { type LinkClient, RX_CHECKSUM_CHECKED, TX_CHECKSUM, TX_SEGMENT } from '../src/tcpip/contract.ts';
import { Clock } from '../src/time/clock.ts';
import { Random } from '../src/time/random.ts';
import { PERFECT_PIPE } from '../src/wire/config.ts';
import { Pipe } from '../src/wire/pipe.ts';
import { planPipe, wireSlotBytes } from '../src/wire/slots.ts';

export interface HdmFigure {
  readonly name: string;
  readonly payloadBytes: number;
  readonly nsPerPacket: number;
  readonly gbPerSecond: number;
  /** Growth of the JavaScript heap; what is left after the measuring loop's own garbage is 0. */
  readonly heapBytesPerPacket: number;
}

const HEADER_BYTES = 54;
const RUNS = 5;
const ADDRESS = 0x0a000001;

class CountingClient implements LinkClient {
  frames = 0;
  checked = 0;

  input(_packet: number, _address: number, _length: number, flags: number, _nowUs: number): boolean {
    this.frames++;
    this.checked += flags & RX_CHECKSUM_CHECKED;
    return false;
  }
}

interface Bed {
  readonly region: Region;
  readonly nic: FakeNic;
  readonly client: CountingClient;
  readonly payload: number;
}

function createBed(mtu: number): Bed {
  const config = { ...NIC_DEFAULTS, mtu };
  const slotBytes = wireSlotBytes(mtu);
  const packetCount = 64;
  const plan = new MemoryPlan();
  const payload = plan.reserve('payload', 1 << 17, 'what is sent');
  const ledgerOffset = plan.reserve('ledger', LEDGER_BYTES, 'counters');
  const packetOffset = planPackets(plan, 'packets', packetCount, packetSlotBytes(mtu));
  const pipeOffset = planPipe(plan, 'wire', PERFECT_PIPE.queueFrames, slotBytes);
  const nicOffset = planNic(plan, 'nic', config);
  const region = allocateRegion(plan.byteLength);
  const ledger = new Ledger(region, ledgerOffset);
  const dma = new DmaEngine(region, ledger);
  const clock = new Clock();
  const pipeConfig = { ...PERFECT_PIPE, slotBytes };
  const pipe = new Pipe(region, pipeOffset, pipeConfig, clock, new Random(1), ledger, dma);
  const wire = { source: pipe, sink: pipe };
  const packets = new PacketPool(packetOffset, packetCount, packetSlotBytes(mtu));
  const nic = new FakeNic({ region, clock, ledger, dma, packets, wire }, nicOffset, config);
  const client = new CountingClient();
  nic.attach(client);
  for (let i = 0; i < 1 << 17; i++) region.bytes[payload + i] = (i * 131) >> 3;
  return { region, nic, client, payload };
}

/** Writes Ethernet, IPv4 and TCP headers; the checksum field holds the pseudo-header's sum. */
function writeHeaders({ region }: Bed, at: number, payloadBytes: number): void {
  const { view, kernels, bytes } = region;
  bytes.fill(0, at, at + HEADER_BYTES);
  view.setUint16(at + 12, 0x0800);
  const ip = at + 14;
  view.setUint16(ip, 0x4500);
  view.setUint16(ip + 2, 40 + payloadBytes);
  view.setUint16(ip + 8, 0x4006);
  view.setInt32(ip + 12, ADDRESS);
  view.setInt32(ip + 16, ADDRESS);
  view.setUint16(ip + 10, ~kernels.sum(ip, 20, 0));
  view.setUint16(ip + 32, 0x5018);
  view.setUint16(ip + 36, kernels.sum(ip + 12, 8, 6 + 20 + payloadBytes));
}

/** Sends and receives `count` packets one after the other. */
function exchange(bed: Bed, count: number, payloadBytes: number, flags: number, headers: boolean): void {
  const { nic, payload } = bed;
  for (let i = 0; i < count; i++) {
    const header = nic.claim();
    // A header slot keeps its contents, so that only the first turn of the ring has to write them.
    if (headers) writeHeaders(bed, header, payloadBytes);
    nic.addPiece(payload, payloadBytes);
    nic.send(HEADER_BYTES, flags, 1448);
    while (nic.poll() !== 0);
  }
}

function measure(
  name: string,
  mtu: number,
  payloadBytes: number,
  flags: number,
  budgetMs: number,
): HdmFigure {
  const bed = createBed(mtu);
  exchange(bed, NIC_DEFAULTS.txRing, payloadBytes, flags, true);
  exchange(bed, 2000, payloadBytes, flags, false);
  const framesBefore = bed.client.frames;
  let best = Number.POSITIVE_INFINITY;
  let packets = 0;
  const heapBefore = process.memoryUsage().heapUsed;
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    let calls = 0;
    let elapsed = 0;
    do {
      exchange(bed, 200, payloadBytes, flags, false);
      calls += 200;
      elapsed = performance.now() - start;
    } while (elapsed < budgetMs / RUNS);
    best = Math.min(best, (elapsed * 1e6) / calls);
    packets += calls;
  }
  const heapGrowth = process.memoryUsage().heapUsed - heapBefore;
  if (bed.client.frames - framesBefore < packets) throw new Error('packets were lost on a perfect wire');
  const expected = (flags & TX_CHECKSUM) !== 0 ? bed.client.frames : 0;
  if (bed.client.checked !== expected)
    throw new Error(`${bed.client.checked} of ${expected} checksums were good`);
  return {
    name,
    payloadBytes,
    nsPerPacket: best,
    gbPerSecond: payloadBytes / best,
    heapBytesPerPacket: heapGrowth / packets,
  };
}

/** @param budgetMs time for each figure. @returns the best of five runs of each. */
export function runHdmBench(budgetMs: number): HdmFigure[] {
  return [
    measure('checksummed', 65535, 64, TX_CHECKSUM, budgetMs),
    measure('checksummed', 1500, 64, TX_CHECKSUM, budgetMs),
    measure('checksummed', 1500, 1448, TX_CHECKSUM, budgetMs),
    measure('segmented', 1500, 65160, TX_CHECKSUM | TX_SEGMENT, budgetMs),
    measure('checksummed', 65535, 65480, TX_CHECKSUM, budgetMs),
  ];
}

/** A table for the terminal. */
export function formatHdmFigures(figures: readonly HdmFigure[]): string {
  const rows = figures.map(
    ({ name, payloadBytes, nsPerPacket, gbPerSecond, heapBytesPerPacket }) =>
      `${name.padEnd(12)}${String(payloadBytes).padStart(6)} B ${nsPerPacket.toFixed(0).padStart(8)} ns ` +
      `${gbPerSecond.toFixed(2).padStart(6)} GB/s ${heapBytesPerPacket.toFixed(2).padStart(6)} heap bytes`,
  );
  return rows.join('\n');
}

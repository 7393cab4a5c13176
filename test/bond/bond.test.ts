/** Bonds over devices that a test moves by hand: who is active, what is hashed, what is refused. */
import { describe, expect, it } from 'vitest';
import { Bond } from '../../src/bond/bond.ts';
import { type BondConfig, checkBondConfig } from '../../src/bond/bond-config.ts';
import { transmitHash } from '../../src/bond/hash.ts';
import { LinkMonitor } from '../../src/bond/link-monitor.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import type { Device } from '../../src/hdm/contract.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import type { LinkClient } from '../../src/tcpip/contract.ts';
import { NEVER } from '../../src/time/agent.ts';
import { Clock } from '../../src/time/clock.ts';
import { trips } from '../rules/trips.ts';

const CONFIG: BondConfig = {
  port: 0,
  nics: 2,
  mode: 'active-backup',
  primary: -1,
  miimonNs: 100,
  upDelayNs: 0,
  downDelayNs: 0,
  xmitHashPolicy: 'layer3+4',
};
const MAC = { macHigh: 0x0269, macLow: 0x6e000001 };
const HEADERS = 54;

class TestDevice implements Device {
  readonly mtu: number = 1500;
  readonly macHigh = MAC.macHigh;
  readonly macLow = MAC.macLow;
  readonly transmitChecksum: boolean = true;
  readonly segmentBytesMax: number;
  readonly piecesMax = 4;
  linkUp = true;
  full = false;
  client: LinkClient | undefined;
  readonly sent: { readonly headers: Uint8Array; readonly pieces: number }[] = [];
  private pieces = 0;
  private readonly bytes: Uint8Array;
  private readonly at: number;

  constructor(bytes: Uint8Array, at: number, segmentBytesMax: number) {
    this.bytes = bytes;
    this.at = at;
    this.segmentBytesMax = segmentBytesMax;
  }

  claim(): number {
    this.pieces = 0;
    return this.full ? -1 : this.at;
  }

  addPiece(): void {
    this.pieces += 1;
  }

  send(headerLength: number): void {
    this.sent.push({ headers: this.bytes.slice(this.at, this.at + headerLength), pieces: this.pieces });
  }

  attach(client: LinkClient): void {
    this.client = client;
  }

  poll(): number {
    return 0;
  }

  nextDeadlineNs(): number {
    return NEVER;
  }

  change(up: boolean): void {
    this.linkUp = up;
    this.client?.linkChanged?.(up, 0);
  }
}

function bedOf(config: Partial<BondConfig> = {}, devicesOf = (devices: TestDevice[]) => devices) {
  const full = { ...CONFIG, ...config };
  const plan = new MemoryPlan();
  const ledgerAt = plan.reserve('ledger', LEDGER_BYTES, 'counters');
  const headersAt = plan.reserve('headers', 128 * (full.nics + 1), 'headers');
  const region = allocateRegion(plan.byteLength);
  const clock = new Clock();
  clock.set(0);
  const ledger = new Ledger(region, ledgerAt);
  const devices = devicesOf(
    Array.from({ length: full.nics }, (_, i) => new TestDevice(region.bytes, headersAt + 128 * i, 9000 + i)),
  );
  const bond = new Bond({ region, clock, ledger, devices, address: 0x0a000001 }, full);
  const seen: number[] = [];
  const links: boolean[] = [];
  bond.attach({
    input: (packet) => {
      seen.push(packet);
      return true;
    },
    linkChanged: (up) => links.push(up),
  });
  const at = (ns: number): void => {
    clock.set(ns);
    bond.poll();
  };
  const frameAt = headersAt + 128 * full.nics;
  return { region, ledger, devices, bond, seen, links, at, frameAt };
}

/** A TCP frame's headers at a place. */
function write(view: DataView, at: number, ports: number, to = 2): void {
  for (let i = 0; i < HEADERS; i++) view.setUint8(at + i, 0);
  view.setUint8(at + 5, 2);
  view.setUint8(at + 11, 1);
  view.setUint16(at + 12, 0x0800);
  view.setUint8(at + 14, 0x45);
  view.setUint8(at + 23, 6);
  view.setInt32(at + 26, 0x0a000001);
  view.setInt32(at + 30, 0x0a000000 + to);
  view.setInt32(at + 34, ports);
}

describe('active-backup', () => {
  it('looks at links in its rhythm, and has another device take over and announce itself', () => {
    const { devices, bond, ledger, at, links } = bedOf();
    const [one, two] = devices;
    at(130);
    one.change(false);
    at(150);
    expect([bond.active, bond.nextDeadlineNs()]).toEqual([0, 200]);
    at(200);
    expect([bond.active, bond.nextDeadlineNs()]).toEqual([1, NEVER]);
    const [{ headers }] = two.sent;
    // A request for our own address, to everybody.
    expect([...headers.slice(0, 6)]).toEqual(Array.from({ length: 6 }, () => 0xff));
    expect([...headers.slice(28, 32), ...headers.slice(38, 42)]).toEqual([10, 0, 0, 1, 10, 0, 0, 1]);
    // None is preferred: the one that works stays.
    one.change(true);
    at(300);
    expect(bond.active).toBe(1);
    two.change(false);
    at(400);
    one.change(false);
    at(410);
    expect(links).toEqual([false]);
    // Without any it sends into the wire that is dead.
    bond.claim();
    bond.send(HEADERS, 0, 0);
    at(500);
    expect(one.sent).toHaveLength(2);
    two.change(true);
    at(600);
    expect([bond.active, bond.linkUp, links.at(-1)]).toEqual([1, true, true]);
    const { bondFailovers, bondAnnouncements } = ledger.snapshot();
    expect([bondFailovers, bondAnnouncements]).toEqual([3, 3]);
  });

  it('waits for its delays, goes back to its primary, and heeds no flap between two looks', () => {
    const { devices, bond, at } = bedOf({ primary: 1, upDelayNs: 200, downDelayNs: 100 });
    const two = devices[1];
    expect(bond.active).toBe(1);
    two.change(false);
    two.change(true);
    at(100);
    two.change(false);
    at(200);
    expect(bond.active).toBe(1);
    at(300);
    expect(bond.active).toBe(0);
    two.change(true);
    for (const ns of [400, 500]) at(ns);
    expect(bond.active).toBe(0);
    at(600);
    expect(bond.active).toBe(1);
    // Back before it counted as gone.
    two.change(false);
    at(700);
    two.change(true);
    at(800);
    expect([bond.active, bond.nextDeadlineNs()]).toEqual([1, NEVER]);
  });

  it('never looks without miimon, and tells again when its device was full', () => {
    const blind = bedOf({ miimonNs: 0 });
    blind.devices[0].change(false);
    blind.at(1e9);
    expect([blind.bond.active, blind.bond.nextDeadlineNs()]).toEqual([0, NEVER]);
    const { devices, bond, at } = bedOf();
    devices[1].full = true;
    devices[0].change(false);
    at(100);
    expect([bond.active, devices[1].sent.length]).toEqual([1, 0]);
    devices[1].full = false;
    at(101);
    expect(devices[1].sent).toHaveLength(1);
  });

  it('takes nothing that a device at rest brings', () => {
    const { devices, seen, ledger, frameAt } = bedOf();
    for (const [i, { client }] of devices.entries()) client?.input(i, frameAt, 60, 0, 0);
    expect(seen).toEqual([0]);
    expect(ledger.snapshot()['bondRxInactive']).toBe(1);
  });
});

describe('balance-xor', () => {
  it('sends each packet whole by the device that its headers say, of those that work', () => {
    const { devices, bond, region, at } = bedOf({ mode: 'balance-xor', nics: 3 });
    expect([bond.segmentBytesMax, bond.piecesMax]).toEqual([9000, 4]);
    const sendAll = (): number[] => {
      for (let i = 0; i < 32; i++) {
        write(region.view, bond.claim(), (80 << 16) | (1000 + 7 * i));
        bond.addPiece(1, 1);
        bond.send(HEADERS, 0, 0);
      }
      const counts = devices.map(({ sent }) => sent.length);
      const whole = devices.every(({ sent }) =>
        sent.every(({ headers, pieces }) => headers[23] === 6 && pieces === 1),
      );
      expect(whole).toBe(true);
      for (const { sent } of devices) sent.length = 0;
      return counts;
    };
    expect(Math.min(...sendAll())).toBeGreaterThan(4);
    devices[1].change(false);
    at(100);
    const [first, dead, third] = sendAll();
    expect([first + third, dead]).toEqual([32, 0]);
    devices[2].full = true;
    expect(bond.claim()).toBe(-1);
    for (const device of devices) device.change(false);
    at(200);
    devices[2].full = false;
    expect(Math.min(...sendAll())).toBeGreaterThan(4);
  });

  it('takes what every device brings, but not its own frames back from a switch', () => {
    const { devices, seen, region, frameAt } = bedOf({ mode: 'balance-xor' });
    write(region.view, frameAt, 1);
    for (const [i, { client }] of devices.entries()) client?.input(i, frameAt, 60, 0, 0);
    region.view.setUint16(frameAt + 6, MAC.macHigh);
    region.view.setInt32(frameAt + 8, MAC.macLow);
    devices[0].client?.input(7, frameAt, 60, 0, 0);
    expect(seen).toEqual([0, 1]);
  });

  it('leaves no device out, however many there are and wherever the ports of streams begin', () => {
    const { region, frameAt } = bedOf();
    const { view } = region;
    for (const devices of [2, 3, 4, 5, 6, 7]) {
      for (let begin = 32_768; begin < 60_000; begin += 97) {
        const chosen = new Set<number>();
        for (let i = 0; i < 16; i++) {
          write(view, frameAt, ((begin + 2 * i) << 16) | 80);
          chosen.add(transmitHash(view, frameAt, 'layer3+4') % devices);
        }
        expect(chosen.size, `${devices} devices, ports from ${begin}`).toBe(devices);
      }
    }
  });

  it('hashes as its policy says', () => {
    const { region, frameAt } = bedOf();
    const { view } = region;
    const hash = (ports: number, to: number, policy: BondConfig['xmitHashPolicy']): number => {
      write(view, frameAt, ports, to);
      return transmitHash(view, frameAt, policy);
    };
    expect(hash(1, 2, 'layer2')).toBe(1 ^ 2 ^ 0x0800);
    expect(hash(9, 2, 'layer2')).toBe(hash(1, 2, 'layer2'));
    expect(hash(9, 2, 'layer2+3')).toBe(hash(1, 2, 'layer2+3'));
    expect(hash(9, 4, 'layer2+3')).not.toBe(hash(9, 2, 'layer2+3'));
    expect(hash(0x0050_1000, 2, 'layer3+4')).not.toBe(hash(0x0050_1002, 2, 'layer3+4'));
    // Fragments and other protocols have no ports; what is no IPv4 has no addresses.
    write(view, frameAt, 5);
    view.setUint16(frameAt + 20, 0x2000);
    expect(transmitHash(view, frameAt, 'layer3+4')).toBe(hash(0, 2, 'layer3+4'));
    view.setUint8(frameAt + 23, 1);
    expect(transmitHash(view, frameAt, 'layer3+4')).toBe(hash(0, 2, 'layer3+4'));
    view.setUint16(frameAt + 12, 0x0806);
    expect(transmitHash(view, frameAt, 'layer3+4')).toBe(1 ^ 2 ^ 0x0806);
  });
});

it.each([
  [{ nics: 1 }, '"nics" expected a whole number from 2 to 16, got 1'],
  [{ primary: 2 }, '"primary" expected a whole number from -1 to 1, got 2'],
  [{ mode: 'balance-rr' }, '"mode" expected active-backup or balance-xor, got balance-rr'],
  [{ xmitHashPolicy: 'layer4' }, '"xmitHashPolicy" expected layer2 or layer2+3 or layer3+4, got layer4'],
  [{ miimonNs: -1 }, '"miimonNs" expected 0 or more, got -1'],
])('refuses %j by name', (change, words) => {
  expect(() => checkBondConfig({ ...CONFIG, ...change } as BondConfig)).toThrow(words);
});

describe('assertions', () => {
  trips('bond: it has the devices that it is told of', () => bedOf({}, ([first]) => [first]));
  trips('bond: its devices have one hardware address and one MTU', () =>
    bedOf({}, (devices) => {
      Object.assign(devices[1], { mtu: 9000 });
      return devices;
    }),
  );
  trips('bond: a packet has no more pieces than its devices take', () => {
    const { bond } = bedOf({ mode: 'balance-xor' });
    bond.claim();
    for (let i = 0; i < 65; i++) bond.addPiece(1, 1);
  });
  trips('bond: a link waits no longer than its delay', () => {
    const link = { linkUp: true };
    const monitor = new LinkMonitor([link], { miimonNs: 1, upDelayNs: 0, downDelayNs: Number.NaN });
    link.linkUp = false;
    for (const ns of [1, 2, 3]) {
      monitor.changed(ns - 1);
      monitor.poll(ns);
    }
  });
});

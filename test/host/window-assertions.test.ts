/**
 * Faults injected into the driver of a card with the TCP window: each trips the assertion that guards against
 * it; and what a card says that cannot be is not believed.
 */
import { describe, expect, it } from 'vitest';
import { WindowCalls } from '../../src/host/window/window-calls.ts';
import { writeExecSysQuiesce } from '../../src/i2o/executive.gen.ts';
import { HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import {
  WINDOW_FRAME_FLAG_CHECKSUMS_GOOD,
  WINDOW_FRAME_FLAG_HEADERS_ONLY,
} from '../../src/i2o/window.gen.ts';
import { HANDLER_NONE } from '../../src/osm/message/handlers.ts';
import type { BuiltWindowStack } from '../../src/world/build/window-stack.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { openWindowStack } from '../../src/world/open/host-stack.ts';
import { trips } from '../rules/trips.ts';

const SMALL: CardOverrides = {
  ...{ mtu: 1500, packetSlots: 32, rxRing: 8, driver: { socketsMax: 16 } },
  pools: { transmitBuffers: 4, transmitBufferBytes: 2048 },
};
const open = (overrides: CardOverrides = {}): BuiltWindowStack => openWindowStack({ ...SMALL, ...overrides });
const SEGMENT = WINDOW_FRAME_FLAG_CHECKSUMS_GOOD | WINDOW_FRAME_FLAG_HEADERS_ONLY;

describe('the driver', () => {
  trips('fills: a send that was let in finds a buffer', () => {
    const fills = open().driver['fills'];
    while (fills.hasRoom) fills.ask(16, 4096, 1);
    return fills.address;
  });
  trips('frame mirror: the stack frees a packet that it has', () => open().driver.mirror.free(3));
  trips('placements: each socket has a ring', () => {
    const { placements } = open().driver;
    const { parts } = placements as unknown as { parts: { area: object } };
    const Placements = placements.constructor as new (of: object) => object;
    new Placements({ ...parts, area: { ...parts.area, count: 15 } });
  });
  trips('window calls: calls of some length, or longer ones, move directly', () => {
    const { parts } = open().driver as unknown as { parts: ConstructorParts };
    new WindowCalls(parts.region, parts.ledger, -1);
  });
});

interface ConstructorParts {
  readonly region: ConstructorParameters<typeof WindowCalls>[0];
  readonly ledger: ConstructorParameters<typeof WindowCalls>[1];
}

describe('a port', () => {
  trips('window port: one client is attached, once', () => {
    open().driver.ports[0].attach({ input: () => false });
  });
  trips('window port: only a packet that was begun is sent', () => {
    open().driver.ports[0].send(54, 0, 0);
  });
  trips('window port: a client is attached before the card is up', () => {
    const [port] = open().driver.ports;
    port['client'] = null;
    port.arrived(0, 60, 0, 0);
  });
  trips('window port: what is sent lies in the window', () => {
    const [port] = open().driver.ports;
    port.claim();
    port.addPiece(64, 10);
  });
  trips('window port: a packet lies in few stretches of the window', () => {
    const { driver } = open();
    const [port] = driver.ports;
    port.claim();
    const { offset } = driver.memory['area'];
    driver.memory['holders'].fill(1);
    for (let piece = 0; piece < 13; piece++) port.addPiece(offset + 100 * piece, 10);
  });

  it('believes no record of a packet that the card cannot have, and no context that is not out', () => {
    const { driver, card, ledger } = open();
    const [port] = driver.ports;
    const slot = card.packets.offset + 2;
    expect(port.arrived(slot - 2, 60, 0, 0)).toBe(false);
    expect(port.arrived(slot + 32 * card.packets.slotBytes, 60, 0, 0)).toBe(false);
    expect(port.arrived(slot, 0, 0, 0)).toBe(false);
    expect(port.arrived(slot, card.packets.slotBytes, 0, 0)).toBe(false);
    expect(port.arrived(slot, 60, 60, SEGMENT)).toBe(false);
    expect(port.arrived(slot, 60, 0, SEGMENT)).toBe(false);
    expect(port.arrived(slot, 60, 54, WINDOW_FRAME_FLAG_HEADERS_ONLY)).toBe(false);
    expect(ledger.snapshot()['windowFramesTaken']).toBe(0);
    expect(port.sent(1)).toBe(false);
    expect(driver['fills'].done(1)).toBe(false);
    expect(driver['fills'].done(-1)).toBe(false);
    expect(driver.placements.done(0)).toBe(false);
  });

  it('takes no more packets than the host may hold, nor one that it has', () => {
    const { driver, card } = open();
    const [port] = driver.ports;
    const kept: number[] = [];
    port['client'] = { input: (packet) => kept.push(packet) > 0 };
    const at = (slot: number): number => card.packets.addressOf(slot) + 2;
    for (let slot = 0; slot < 24; slot++) expect(port.arrived(at(slot), 60, 0, 0)).toBe(true);
    expect(port.arrived(at(24), 60, 0, 0)).toBe(false);
    driver.mirror.free(kept[0]);
    expect(port.arrived(at(1), 60, 0, 0)).toBe(false);
    expect(port.arrived(at(0), 60, 0, 0)).toBe(true);
  });
});

it('sends nothing more to a card that refuses what it was asked, and says so', () => {
  const { driver, stack, ledger, card } = open();
  const socket = stack.socket(2);
  stack.bind(socket, 0x7f000001, 0);
  // The card has lost what it held of the host's.
  const { window } = card;
  const bytes = new Uint8Array(100);
  window?.fill(window.transmitAddress, 4 * 2048);
  const { port = 0 } = stack.localEndpoint(socket) ?? {};
  expect(stack.sendTo(socket, bytes, 0, 100, 0x7f000001, port)).toBe(100);
  for (let turn = 0; turn < 3; turn++) stack.wait(0);
  expect(ledger.snapshot()['failuresOurs']).toBeGreaterThan(0);
  expect([driver.ports[0].online, driver.ports[0].claim()]).toEqual([false, -1]);
  expect(stack.sendTo(socket, bytes, 0, 100, 0x7f000001, port)).toBeLessThan(0);
});

it.each(['ring', 'fifo'] as const)('is up again after a rest, and after another driver: %s', (transport) => {
  const { driver } = open({ transport });
  driver.bringUp();
  expect(driver.packetsOut).toBe(0);
  const all = driver['buffers'].available;
  writeExecSysQuiesce(driver['frames'].words, driver.awaitFrame(), IOP_TID, HOST_TID, HANDLER_NONE, 0);
  driver['frames'].post();
  const [port] = driver.ports;
  expect(port.claim()).toBeGreaterThan(0);
  port.send(60, 0, 0);
  for (let turn = 0; turn < 4; turn++) driver.poll();
  expect([driver.packetsOut, driver['buffers'].available]).toEqual([0, all]);
  expect(port.online).toBe(false);
  driver.bringUp();
  expect(port.online).toBe(true);
  expect(port.claim()).toBeGreaterThan(0);
});

it('sends a datagram in fragments without a checksum, since the card alone has its payload', () => {
  const { stack } = open({ pools: { transmitBuffers: 16, transmitBufferBytes: 2048 } });
  const socket = stack.socket(2);
  stack.bind(socket, 0x7f000001, 0);
  const { port = 0 } = stack.localEndpoint(socket) ?? {};
  const bytes = Uint8Array.from({ length: 4000 }, (_, i) => (i * 7) & 0xff);
  expect(stack.sendTo(socket, bytes, 0, 4000, 0x7f000001, port)).toBe(4000);
  const target = new Uint8Array(4000);
  let got = 0;
  for (let turn = 0; turn < 50 && got <= 0; turn++) {
    stack.wait(0);
    got = stack.recv(socket, target, 0, 4000);
  }
  expect(got).toBe(4000);
  expect(target).toEqual(bytes);
});

it('is refused on a card that makes no checksums, or whose blocks are too small for its packets', () => {
  expect(() => open({ checksumOffload: false })).toThrow(/needs "checksumOffload"/);
  expect(() => open({ mtu: 65_535 })).toThrow(/^blocks of 2048 bytes are too small .* give "pools/);
  expect(() => openWindowStack({ ...SMALL, pools: {} })).not.toThrow();
});

/**
 * The host of a replay owns what the recorded one did, though its card gives things back in another order.
 */
import { describe, expect, it } from 'vitest';
import { addressMap, ReplayBuckets, ReplayContexts, ReplayPorts } from '../../src/replay/host-memory.ts';
import { cardConfig } from '../../src/world/config/card-config.ts';
import { BareCard } from '../../src/world/virtual/bare-card.ts';

const area = (count: number, offset: number, bufferBytes = 512) => ({ offset, count, bufferBytes });

describe('buckets', () => {
  it('are posted as wanted while the host has them, else any other, and none when it has none', () => {
    const buckets = new ReplayBuckets(area(3, 4096));
    expect(buckets.take(1)).toBe(1);
    expect(buckets.take(1)).toBe(0);
    expect(buckets.take(7)).toBe(2);
    expect(buckets.take(0)).toBe(-1);
    expect(buckets.heldReplayed).toBe(0);
  });

  it('come back once: a card that gives one twice adds none', () => {
    const buckets = new ReplayBuckets(area(2, 4096));
    buckets.take(1);
    buckets.give(1);
    buckets.give(1);
    expect(buckets.heldReplayed).toBe(2);
    expect(buckets.take(1)).toBe(1);
  });

  it('lie one after the other', () => {
    const buckets = new ReplayBuckets(area(3, 4096));
    expect([buckets.addressOf(0), buckets.addressOf(2), buckets.bufferBytes]).toEqual([4096, 5120, 512]);
  });
});

describe('contexts of transmit memory', () => {
  it('are lent as recorded, or another of the same kind', () => {
    const contexts = new ReplayContexts(area(2, 0), area(2, 8192));
    expect(contexts.lend(0)).toBe(0);
    expect(contexts.lend(0)).toBe(1);
    expect(contexts.lend(0)).toBe(-1);
    expect(contexts.lend(2)).toBe(2);
    expect(contexts.lend(2)).toBe(3);
    expect(contexts.lend(3)).toBe(-1);
  });

  it('that no host has are lent to nobody', () => {
    const contexts = new ReplayContexts(area(1, 0), area(1, 8192));
    expect([contexts.lend(-1), contexts.lend(2)]).toEqual([-1, -1]);
  });

  it('stand for the recorded one until they come back', () => {
    const contexts = new ReplayContexts(area(2, 0), area(0, 8192));
    contexts.lend(0);
    const other = contexts.lend(0);
    expect(contexts.giveBack(other)).toBe(0);
    expect(contexts.giveBack(other)).toBe(-1);
    expect(contexts.giveBack(99)).toBe(-1);
    expect(contexts.lend(1)).toBe(1);
  });
});

describe('ports', () => {
  it('are the same until the card chooses another', () => {
    const ports = new ReplayPorts();
    expect(ports.of(40_000)).toBe(40_000);
    ports.learn(40_000, 41_000);
    ports.learn(40_000, 42_000);
    expect(ports.of(40_000)).toBe(42_000);
    expect(ports.of(41_000)).toBe(41_000);
  });
});

describe('addresses', () => {
  const { layout } = new BareCard(cardConfig({}), ['echo'], () => {}).memory;
  const frames = { firstWord: 0, count: 1, strideWords: 32 };
  const recorded = {
    regionBytes: 5 << 20,
    inbound: frames,
    outbound: frames,
    transmit: area(4, 1 << 20),
    receive: area(4, 2 << 20),
    immediate: area(4, 3 << 20, 64),
    control: { offset: 4 << 20, byteLength: 1024 },
  };
  const map = addressMap(recorded, { ...layout, control: { offset: layout.control } });

  it('keep their place in the area', () => {
    expect(map((1 << 20) + 700)).toBe(layout.transmit.offset + 700);
    expect(map(2 << 20)).toBe(layout.receive.offset);
    expect(map((3 << 20) + 255)).toBe(layout.immediate.offset + 255);
    expect(map((4 << 20) + 1023)).toBe(layout.control + 1023);
  });

  it('outside every area stay as they are: whatever reads there is told so by the card', () => {
    for (const address of [0, (1 << 20) + 4 * 512, (4 << 20) + 1024]) expect(map(address)).toBe(address);
  });
});

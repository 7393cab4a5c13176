/** The assertion on segment counts of the old host's retransmission queue: what trips it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OldHost, OldQueue, oldStorm } from '../../src/experiment/socket-exhaustion/old-queue.ts';
import { Random } from '../../src/time/random.ts';

const GUILTY: OldHost = { tso: true, collapse: true, staleCounts: true, mode: 'panic' };

/** 600 bytes counted as two segments of 536; then the path carries 1460, and the timer expires. */
function grown(host: OldHost): OldQueue {
  const queue = new OldQueue(host, 536);
  queue.send(600);
  queue.send(100);
  queue.changeMss(1460);
  queue.timeout();
  return queue;
}

describe('a count that an MSS change has left stale', () => {
  it('stops the machine when a short entry is merged with its neighbour', () => {
    const queue = grown(GUILTY);
    expect(queue).toMatchObject({ panicked: true, merges: 0 });
    queue.send(10);
    queue.acknowledge(1000);
    expect(queue.queuedBytes).toBe(700);
  });

  it('comes of SACK blocks too, once a part of the entry is acknowledged', () => {
    const queue = new OldQueue(GUILTY, 1412);
    queue.send(1430);
    queue.send(100);
    queue.changeMss(1448);
    queue.acknowledge(1000);
    expect(queue.stale).toBe(1);
    queue.timeout();
    expect(queue.panicked).toBe(true);
  });

  it('is said and nothing merged with warn, and counted again and merged with check', () => {
    expect(grown({ ...GUILTY, mode: 'warn' })).toMatchObject({ panicked: false, warnings: 1, merges: 0 });
    const checked = grown({ ...GUILTY, mode: 'check' });
    expect(checked).toMatchObject({ panicked: false, recounts: 1, merges: 1, stale: 0, queuedBytes: 700 });
  });

  it('is none without offload, however an entry was split and acknowledged before', () => {
    const queue = new OldQueue({ ...GUILTY, tso: false }, 1460);
    queue.send(1460);
    queue.changeMss(536);
    queue.timeout();
    queue.acknowledge(536);
    queue.changeMss(1460);
    queue.acknowledge(600);
    queue.send(100);
    queue.timeout();
    expect(queue).toMatchObject({ stale: 0, panicked: false, merges: 1 });
  });

  for (const [cause, without] of [
    ['segmentation offload', { tso: false }],
    ['collapse', { collapse: false }],
    ['the fault', { staleCounts: false }],
  ] as const) {
    it(`does nothing without ${cause}`, () => {
      expect(grown({ ...GUILTY, ...without }).panicked).toBe(false);
    });
  }
});

type Step = readonly ['send' | 'acknowledge' | 'mss' | 'timeout', number];
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.tuple(fc.constant('send' as const), fc.integer({ min: 1, max: 70_000 })),
    fc.tuple(fc.constant('send' as const), fc.integer({ min: 1, max: 700 })),
    fc.tuple(fc.constant('acknowledge' as const), fc.integer({ min: 1, max: 10_000 })),
    fc.tuple(fc.constant('mss' as const), fc.integer({ min: 48, max: 9000 })),
    fc.tuple(fc.constant('mss' as const), fc.constantFrom(200, 536, 1412, 1448, 1460)),
    fc.tuple(fc.constant('timeout' as const), fc.constant(0)),
  ),
  { maxLength: 60 },
);

/** @returns the queue, having checked after each step that no byte was lost. */
function lived(host: OldHost, life: readonly Step[]): OldQueue {
  const queue = new OldQueue(host, 1460);
  let bytes = 0;
  for (const [what, amount] of life) {
    if (what === 'send') queue.send(amount);
    else if (what === 'acknowledge') queue.acknowledge(amount);
    else if (what === 'mss') queue.changeMss(amount);
    else queue.timeout();
    if (what === 'send' && !queue.panicked) bytes += amount;
    if (what === 'acknowledge' && !queue.panicked) bytes -= Math.min(bytes, amount);
    expect(queue.queuedBytes).toBe(bytes);
  }
  return queue;
}

describe('whatever sends, acknowledgements, MSS changes and time-outs come', () => {
  it('no count is ever stale, and the machine never stops, unless all three are there', () => {
    const hosts = fc
      .record({ tso: fc.boolean(), collapse: fc.boolean(), staleCounts: fc.boolean() })
      .filter(({ tso, collapse, staleCounts }) => !(tso && collapse && staleCounts));
    fc.assert(
      fc.property(hosts, steps, (host, life) => {
        const queue = lived({ ...host, mode: 'panic' }, life);
        expect(queue.panicked).toBe(false);
        if (!host.staleCounts || !host.tso) expect(queue.stale).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('warn and check never stop it', () => {
    const modes = fc.constantFrom('warn' as const, 'check' as const);
    fc.assert(
      fc.property(modes, steps, (mode, life) => {
        expect(lived({ ...GUILTY, mode }, life).panicked).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('panic stops it in some, the same ones with the same seed', () => {
    const panics = () =>
      Array.from({ length: 200 }, (_, i) => oldStorm(GUILTY, new Random(i)).panicked).filter(Boolean).length;
    expect(panics()).toBeGreaterThan(5);
    expect(panics()).toBe(panics());
    for (const without of [{ tso: false }, { collapse: false }, { staleCounts: false }]) {
      for (let i = 0; i < 200; i++) {
        expect(oldStorm({ ...GUILTY, ...without }, new Random(i)).panicked).toBe(false);
      }
    }
  });
});

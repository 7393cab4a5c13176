/** How a card goes: by SysQuiesce where it is alive, and at once where it is not. */

import { describe, expect, it } from 'vitest';
import { EXEC_SYS_QUIESCE } from '../../src/i2o/executive.gen.ts';
import { BlockingSockets } from '../../src/socket/blocking.ts';
import { INBOUND, OUTBOUND, type TraceHead, type TraceSink } from '../../src/trace/sink.ts';
import { Validator } from '../../src/validate/validator.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { openCard } from '../../src/world/open/card.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { CallList } from '../trace/calls.ts';

/** A list of calls that are judged as they come. */
class Judged extends CallList {
  readonly validator = new Validator();

  constructor() {
    super();
    const { validator } = this;
    for (const name of [
      'head',
      'frame',
      'owner',
      'notification',
      'write',
      'polled',
      'packet',
      'end',
    ] as const) {
      const keep = this[name] as (...values: unknown[]) => void;
      (this as Record<keyof TraceSink, unknown>)[name] = (...values: unknown[]) => {
        keep.apply(this, values);
        (validator[name] as (...values: unknown[]) => void)(...values);
      };
    }
  }

  /** Functions of the frames of one direction, in order. */
  functions(direction: number): number[] {
    return this.calls
      .filter(([name, way]) => name === 'frame' && way === direction)
      .map(([, , , , words]) => (words as number[])[1] >>> 24);
  }
}

describe.each([
  ['ring', 'thread'],
  ['fifo', 'thread'],
  ['ring', 'inline'],
  ['fifo', 'inline'],
] as const)('closed over the %s, %s', (transport, placement) => {
  it('with connections open, a card is told, and answers everything it had', async () => {
    const sink = new Judged();
    const card = await openCard({ transport, placement }, { sink });
    const sockets = new BlockingSockets(card.stack, 2000);
    const listener = sockets.listen(0x7f000001, 80);
    const client = sockets.connect(0x7f000001, 80);
    sockets.accept(listener);
    sockets.send(client, new Uint8Array(50_000));
    await card.close();
    const requests = sink.functions(INBOUND);
    expect(requests.filter((request) => request === EXEC_SYS_QUIESCE)).toHaveLength(1);
    expect(sink.functions(OUTBOUND)).toContain(EXEC_SYS_QUIESCE);
    expect(sink.validator.findings.violations).toEqual([]);
    expect(sink.validator.ended).toBe(true);
    expect(card.stack.socket()).toBeLessThan(0);
    await card.close();
    expect(sink.functions(INBOUND)).toEqual(requests);
  });

  it('a card that is dead is not asked', async () => {
    const sink = new CallList();
    const card = await openCard({ transport, placement }, { sink });
    await card.kill();
    await card.close();
    expect(
      sink.calls.filter((call) => call[0] === 'frame' && (call[4] as number[])[1] >>> 24 === 0xc3),
    ).toEqual([]);
    expect(sink.calls.at(-1)![0]).toBe('end');
  });
});

it.each([
  [{}, 3],
  [{ classVersion: 2 }, 2],
  [{ driver: { classVersion: 2 } }, 2],
  [{ classVersion: 1 }, 1],
  [{ driver: { classVersion: 1 } }, 1],
] as [CardOverrides, number][])(
  'a trace of %j is of class version %i, the one both speak',
  (overrides, version) => {
    const sink = new CallList();
    new VirtualWorld({ cards: [overrides], traces: [{ sink }] });
    const head = sink.calls[0][1] as TraceHead;
    expect(head.classes.find(({ name }) => name === 'socket')?.version).toBe(version);
  },
);

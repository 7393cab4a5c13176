/**
 * The short form of `npm run scale`: a thousand connections, of which few have a Tcb. What holds for a
 * million is shown by counts that do not grow: Tcbs, places a lookup looks at, connections woken.
 */
import { describe, expect, it } from 'vitest';
import { ScaleBed, tablesOf } from '../../bench/scale/bed.ts';
import { countsOf, ratios, spreadOrder, wokenIn } from '../../bench/scale/measure.ts';
import { RECORD_WORDS } from '../../src/tcpip/tcp/dormant-record.ts';
import { checkTables } from '../../src/tcpip/tcp/identities.ts';

const CONNECTIONS = 1000;
const ACTIVE = 64;
/** Connections that are being opened, and so are not idle, need Tcbs beyond those. */
const OPENING = 64;

function opened(connections = CONNECTIONS): ScaleBed {
  const bed = new ScaleBed({ connections, active: ACTIVE, addresses: 4, ports: 2 });
  bed.openTo(connections);
  bed.rest();
  return bed;
}

describe('connections that are many', () => {
  it('have Tcbs only while they are used, and a lookup costs what it does among few', () => {
    const bed = opened();
    const { tcbs, sleeping, probes, probesMax } = countsOf(bed);
    expect(tcbs).toBeLessThanOrEqual(2 * (ACTIVE + 2 * OPENING));
    expect(sleeping).toBeGreaterThanOrEqual(2 * CONNECTIONS - tcbs);
    // At most half full, and probed in a row: 1.5 places on the average (Knuth, volume 3, 6.4).
    expect(probes).toBeLessThan(1.6);
    expect(probesMax).toBeLessThan(40);
    for (const stack of [bed.client, bed.server]) checkTables(tablesOf(stack));
  });

  it('leave those alone that are active: none of these sleeps', () => {
    const bed = opened();
    const turn = (i: number) => bed.roundTrip((i % 16) * 60);
    for (let i = 0; i < 16; i++) turn(i);
    const woken = wokenIn(bed);
    for (let i = 0; i < 2000; i++) turn(i);
    expect(wokenIn(bed)).toBe(woken);
  });

  it('each wake at most once a message when all are used in turn, and no Tcb is made', () => {
    const bed = opened();
    const { tcbs } = countsOf(bed);
    const woken = wokenIn(bed);
    for (const i of spreadOrder(CONNECTIONS)) bed.roundTrip(i);
    expect(wokenIn(bed) - woken).toBeLessThanOrEqual(2 * CONNECTIONS);
    expect(countsOf(bed).tcbs).toBe(tcbs);
    bed.rest();
    for (const stack of [bed.client, bed.server]) checkTables(tablesOf(stack));
  });

  it('come in a record of less than half of a kilobyte each', () => {
    expect(RECORD_WORDS * Int32Array.BYTES_PER_ELEMENT).toBeLessThan(512);
  });

  it('are measured in turns', () => {
    const { alone, among, spread } = ratios(opened(32), opened(200), 32, 1, 100);
    for (const rate of [alone, among, spread]) expect(rate).toBeGreaterThan(0);
  });
});

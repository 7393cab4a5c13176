import { describe, expect, it } from 'vitest';
import type { Report, Result } from '../../src/record/result.ts';
import { COLOURED, reportTable } from '../../src/report/table.ts';
import { PLACED } from './placed-sample.ts';
import { SAMPLE } from './sample.ts';

const OLD = `
inic 0.1.0, Node 20.20.2, Linux 6.1 x64; Example CPU, 2 cores
medians of 5 runs of 1 s, all sides in turns, nothing pinned; began 2026-01-02T03:04:05.000Z

test               load       side         rate  runs, %  ratio (low..high)      p50  CPU/op
TCP_RR socket      64 B x1    kernel   125 k/s   96..104                     7.90 µs       -
                              inic     250 k/s   96..104  2.00 (1.85..2.17)  3.90 µs       -
TCP_STREAM socket  64 KiB x4  kernel  5.30 GB/s  94..113                           -       -

ratio: the side's rate over that of the first side of its row, run by run. runs: the slowest and the
fastest in percent of the median. CPU/op: processor time of all threads of the side's process,
polling included; program: that of the program's thread. An operation of a stream is one write.

What one operation cost on the card
test           load     side        copies           DMA  bells  irqs     frames     heap  program
TCP_RR socket  64 B x1  inic  4.00 (256 B)  2.00 (128 B)  0.004     0  2.50+2.00  0.004 B  4.00 µs

The ledger balances.

failed: TCP_STREAM socket 64 KiB x4, inic: send failed with ENOBUFS

one thing could not be measured
`;

const THREE_SIDES = `
test        load      side       rate    runs, %  ratio (low..high)      p50   CPU/op  program
TCP_RR net  64 B x32  kernel  143 k/s    98..105                     7.90 µs  7.10 µs  8.00 µs
                      thread  260 k/s  5..102 !1  1.80 (1.70..1.90)  3.90 µs  7.10 µs  4.00 µs
                      inline  217 k/s    97..101  1.50 (1.40..1.60)  3.90 µs  7.10 µs  4.00 µs
`;

/** Columns are as wide as what is in them: how many spaces lie between two is no matter here. */
const words = (text: string): string[] =>
  text.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, '  '));

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

describe('reportTable', () => {
  it('prints results from before there were placements', () => {
    expect(words(`\n${reportTable(SAMPLE)}`)).toEqual(words(OLD));
  });

  it('has the kernel first, then each placement with its ratio to it, and marks a run that collapsed', () => {
    const text = reportTable(PLACED);
    expect(words(`\n${text.split('\n').slice(3, 7).join('\n')}\n`)).toEqual(words(THREE_SIDES));
    expect(text).toContain(
      '\n! TCP_RR net 64 B x32, thread: 1 of 3 below half of the median: run 2 at 12.0 k/s\n',
    );
    expect(text).toContain('Both ledgers balance.');
  });

  it.each([130, 100, 80, 60, 40, 24])('fits %i columns', (width) => {
    for (const report of [SAMPLE, PLACED]) {
      const lines = reportTable(report, undefined, width).split('\n');
      // Names are not broken, so that the ledger's table has a least width of its own.
      const ledger = lines.findIndex((line) => line.startsWith('What one operation'));
      const legend = lines.findIndex((line) => line.startsWith('ratio: '));
      expect(widest(lines.slice(3, legend).join('\n'))).toBeLessThanOrEqual(width);
      if (width >= 40) expect(widest(lines.slice(ledger).join('\n'))).toBeLessThanOrEqual(width);
    }
  });

  it('has more columns where there is room, and a line for each side where there is none', () => {
    expect(reportTable(PLACED, undefined, 130)).toMatch(/p99 +CPU\/op +program/);
    expect(reportTable(PLACED, undefined, 60)).toMatch(/^test +load +side +rate +ratio \(low..high\)$/m);
    expect(reportTable(PLACED, undefined, 40)).toContain(
      '\nTCP_RR net 64 B x32\n  kernel: 143 k/s, CPU/op 7.10 µs\n  thread: 260 k/s, ratio 1.80\n    (1.70..',
    );
  });

  it('has a table for each number of neighbours', () => {
    const besideTwo = (result: Result): Result => ({
      ...result,
      params: { ...result.params, neighbours: 2 },
    });
    const text = reportTable({ ...PLACED, results: [...PLACED.results, ...PLACED.results.map(besideTwo)] });
    expect(text).toMatch(/\n\nalone\ntest .*\n(.+\n){3}\nbeside 2 busy processes\ntest .*\n(.+\n){3}\n/);
    expect(text).toContain('What one operation cost on the card, beside 2 busy processes');
  });

  it('says which interval was not reached', () => {
    const rule = { confidence: 99, widthPercent: 5 } as const;
    const [thread, inline] = PLACED.results;
    const report: Report = {
      ...PLACED,
      results: [
        { ...thread, interval: { ...rule, reachedPercent: 7.5, reached: false } },
        { ...inline, interval: { ...rule, reachedPercent: 3, reached: true } },
      ],
    };
    const text = reportTable(report);
    expect(text).toMatch(/thread .* 5\.\.102 !1 \? /);
    expect(text).toContain(
      '\n? TCP_RR net 64 B x32, thread: its 99 % interval is 7.50 % wide, not 5 %, after 3 runs\n',
    );
    expect(text.match(/^\? /gm)).toHaveLength(1);
  });

  it('says how many datagrams were lost, and which settings were set', () => {
    const [card] = PLACED.results;
    const repeats = card.repeats.map((repeat) => ({ ...repeat, operations: 99, lost: 1 }));
    const { manifest } = PLACED;
    const workload = { ...manifest.workload, settings: { 'pools.receiveBuckets': 64 } };
    const text = reportTable({
      ...PLACED,
      manifest: { ...manifest, workload },
      results: [{ ...card, repeats }],
    });
    expect(text).toContain('thread: 3 datagrams lost, 1.00 % of those sent\n');
    expect(text).toContain('\nset: pools.receiveBuckets=64\n');
  });

  it('says of a stream of datagrams what was sent beside what was received, also where none was lost', () => {
    const [card] = PLACED.results;
    const stream = (side: Partial<Result>, lost: number): Result => ({
      ...card,
      ...side,
      test: 'UDP_STREAM',
      rate: { value: 90e6, unit: 'B/s', min: 90e6, max: 90e6 },
      repeats: card.repeats.map((repeat) => ({ ...repeat, rate: 90e6, operations: 90, lost })),
    });
    const results = [stream({}, 10), stream({ placement: 'inline' }, 0)];
    const text = reportTable({ ...PLACED, results });
    expect(text).toContain('thread: sent 100 MB/s, received 90.0 MB/s, 30 (10.0 %) lost\n');
    expect(text).toContain('inline: sent 90.0 MB/s, received 90.0 MB/s, none lost\n');
  });

  it('says so when the books do not balance, and which sum failed', () => {
    const [inic] = SAMPLE.results;
    const report: Report = {
      ...SAMPLE,
      results: [{ ...inic, ledger: inic.ledger && { ...inic.ledger, balanced: false } }],
    };
    expect(reportTable(report)).toContain('LEDGER DOES NOT BALANCE\n    bytes sent = bytes queued: 16\n');
  });

  it('colours text without moving a column', () => {
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    for (const report of [SAMPLE, PLACED]) {
      const coloured = reportTable(report, COLOURED);
      expect(coloured).toMatch(escapes);
      expect(coloured.replace(escapes, '').replace(/ +$/gm, '')).toBe(reportTable(report));
    }
  });
});

describe('a report of several transports', () => {
  const [card] = PLACED.results;
  const counters = { portReads: 6, portEmptyReads: 4, portWrites: 2, registerReads: 0.5, inboundPosted: 1 };
  const ledger = card.ledger && { ...card.ledger, perTransaction: counters };
  const report: Report = {
    ...PLACED,
    results: [card, { ...card, transport: 'fifo', ledger }, { ...card, transport: 'port', ledger: null }],
  };
  const text = reportTable(report);

  it('says what each transport is, and nothing of those not measured', () => {
    expect(text).toContain('\nfifo: I2O 1.5');
    expect(text).toContain('\nport: ');
    expect(text).not.toContain('msgpack');
  });

  it('says what was done on the bus, and only where there is one', () => {
    const wide = reportTable(report, undefined, 150);
    expect(wide).toMatch(/ fifo .* 4\.50 \+ 4\.00 empty /);
    expect(reportTable(PLACED, undefined, 150)).not.toContain('bus accesses');
  });
});

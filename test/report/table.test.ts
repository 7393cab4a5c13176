import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/record/result.ts';
import { COLOURED, reportTable } from '../../src/report/table.ts';
import { SAMPLE } from './sample.ts';

const GOLDEN = `
inic 0.1.0, Node 20.20.2, Linux 6.1 x64; Example CPU, 2 cores
medians of 5 runs of 1 s, both sides in turns; began 2026-01-02T03:04:05.000Z

test        api       size  conns     inic   baseline          ratio (low..high)                p50                p99        host CPU/op
TCP_RR      socket    64 B      1  250 k/s    125 k/s  kernel  2.00 (1.85..2.17)  3.90 µs / 7.90 µs  12.3 µs / 22.0 µs  4.00 µs / 8.00 µs
TCP_STREAM  socket  64 KiB      4        -  5.30 GB/s  kernel                  -                  -                  -        - / 8.00 µs

p50, p99 and host CPU/op: inic / baseline. Host CPU is the program's thread, polling included;
an operation of TCP_STREAM is one write.

What one operation cost on the card
TCP_RR socket 64 B x1: copies 4.00 (256 B), DMA requests 2.00 (128 B), doorbells 0.004, interrupts 0, frames 2.50 in 2.00 out
    processor host 2.40 µs busy + about 1.60 µs polling in vain, iop 3.60 µs; heap host 0.004 B, 0 collections, resident +0.2 MB; ledger balanced

failed: TCP_STREAM socket 64 KiB x4, inic: send failed with ENOBUFS

one thing could not be measured
`;

describe('reportTable', () => {
  it('prints what it always printed', () => {
    expect(`\n${reportTable(SAMPLE)}`).toBe(GOLDEN);
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
    const coloured = reportTable(SAMPLE, COLOURED);
    expect(coloured).toMatch(escapes);
    expect(coloured.replace(escapes, '').replace(/ +$/gm, '')).toBe(reportTable(SAMPLE));
  });
});

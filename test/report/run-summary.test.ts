import { describe, expect, it } from 'vitest';
import { runSummary } from '../../src/report/run-summary.ts';

const host = {
  bytesSent: 2048,
  bytesReceived: 2048,
  sendCopies: 1,
  immediateCopies: 2,
  receiveCopies: 3,
  inboundPosted: 40,
  doorbells: 5,
};
const iop = {
  tcpActiveOpens: 2,
  tcpPassiveOpens: 2,
  cardImmediateCopies: 2,
  transmitFetches: 4,
  receivePlacements: 4,
  outboundPosted: 30,
  interrupts: 6,
  tcpOutSegs: 20,
};

describe('what a program is told at its end', () => {
  it('is what went over the card', () => {
    expect(runSummary(host, iop, 0, [])).toEqual([
      'connections 2 opened, 2 accepted; 2 KiB sent, 2 KiB received',
      'frames 40 in, 30 out; segments 20 sent, 0 sent again',
      'copies 8, DMA requests 8, doorbells 5, interrupts 6',
      'ledger balanced',
    ]);
  });

  it('says when sockets were left open', () => {
    expect(runSummary(host, iop, 3, ['a: 1 against 2']).at(-1)).toBe(
      'ledger open: 3 sockets were still in use',
    );
  });

  it('says when the books are wrong', () => {
    expect(runSummary(host, iop, 0, ['a: 1 against 2']).slice(-2)).toEqual([
      'LEDGER DOES NOT BALANCE',
      'a: 1 against 2',
    ]);
  });
});

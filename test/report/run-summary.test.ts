import { describe, expect, it } from 'vitest';
import { poolLines, runSummary, sharingLine } from '../../src/report/run-summary.ts';
import { cardConfig } from '../../src/world/config/card-config.ts';

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

it('says what reserve and watermark became', () => {
  const { pools, driver } = cardConfig({ pools: { transmitBuffers: 256 } });
  expect(sharingLine({ pools, driver })).toBe(
    '16 of 256 transmit buffers are kept for sockets that have none; ' +
      'with fewer than 128 free, buffers come back at once',
  );
});

describe('what it is told of pools', () => {
  const use = (count: number, highWater: number, mean: number) => ({ count, highWater, mean });
  const pools = {
    ...{ transmit: use(1024, 1, 0.04), receive: use(64, 2, 0.81), slots: use(99, 0, 0) },
    ...{ inboundFrames: use(32, 5, 1), outboundFrames: use(32, 6, 2), packets: use(256, 17, 16) },
  };

  it('is the most in use and the mean, and that nothing waited', () => {
    expect(poolLines(pools, { bucket: { episodes: 0, ns: 0 } })).toEqual([
      'most in use (mean): 1 of 1024 transmit buffers (0.0), 2 of 64 receive buckets (0.8), ' +
        '0 of 99 slots for short sends (0.0)',
      'most in use (mean): 5 of 32 frames to the card (1.0), 6 of 32 frames to the host (2.0), ' +
        '17 of 256 packets (16.0)',
      'nothing waited for a buffer, a frame or a window',
    ]);
  });

  it('is what waited, for what, how often and how long', () => {
    const stalls = { transmitBuffer: { episodes: 1, ns: 1500 }, window: { episodes: 12, ns: 2e6 } };
    expect(poolLines(pools, stalls).slice(2)).toEqual([
      'waited: sends for a transmit buffer once, 0.002 ms in all',
      'waited: sends for the peer to acknowledge 12 times, 2.000 ms in all',
    ]);
  });
});

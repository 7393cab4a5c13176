import { describe, expect, it } from 'vitest';
import type { Report, Result } from '../../src/record/result.ts';
import type { Transport } from '../../src/record/row.ts';
import { reportTable } from '../../src/report/table.ts';
import { SAMPLE } from './sample.ts';

const [INIC] = SAMPLE.results;

function result(transport: Transport, rate: number, counters: Record<string, number> | null): Result {
  return {
    ...INIC,
    test: 'MSG_RR',
    api: 'message',
    transport,
    rate: { value: rate, unit: 'round trips/s', min: rate, max: rate },
    ledger: counters === null ? null : { ...INIC.ledger!, perTransaction: counters },
  };
}

const fifoCounters = { portReads: 6, portEmptyReads: 4, portWrites: 2, registerReads: 0.5, inboundPosted: 1 };
const REPORT: Report = {
  ...SAMPLE,
  manifest: {
    ...SAMPLE.manifest,
    workload: { ...SAMPLE.manifest.workload, transports: ['ring', 'fifo', 'port'] },
  },
  results: [
    result('ring', 3e6, { inboundPosted: 1 }),
    result('fifo', 1e6, fifoCounters),
    result('port', 2e4, null),
  ],
  comparisons: [
    {
      test: 'MSG_RR',
      api: 'message',
      params: { connections: 1, size: 64 },
      side: { stack: 'inic', transport: 'ring' },
      baseline: { stack: 'inic', transport: 'fifo' },
      rate: { median: 3, min: 2.5, max: 3.5 },
      hostCpu: null,
    },
  ],
  failures: [],
  notes: [],
};

const GOLDEN = `
test    api      size  conns  transport      rate  ring is faster (low..high)      p50      p99  host CPU/op    bus accesses/op
MSG_RR  message  64 B      1  ring       3.00 M/s                           -  3.90 µs  12.3 µs      4.00 µs                  0
MSG_RR  message  64 B      1  fifo       1.00 M/s           3.00 (2.50..3.50)  3.90 µs  12.3 µs      4.00 µs  4.50 + 4.00 empty
MSG_RR  message  64 B      1  port       20.0 k/s                           -  3.90 µs  12.3 µs      4.00 µs                  -
`;

describe('a report of several transports', () => {
  const text = reportTable(REPORT);

  it('has a line for each, its ratio to the first, and what it did on the bus', () => {
    expect(`\n${text.split('\n').slice(3, 7).join('\n')}\n`.replace(/ +$/gm, '')).toBe(
      GOLDEN.replace(/ +$/gm, ''),
    );
  });

  it('says what each transport is, and nothing of those not measured', () => {
    expect(text).toContain('\nfifo: I2O 1.5');
    expect(text).toContain('\nport: ');
    expect(text).not.toContain('msgpack');
  });

  it('says in the ledger’s lines which bus accesses they were', () => {
    expect(text).toContain('MSG_RR message 64 B x1, fifo: ');
    expect(text).toContain(
      'bus accesses 8.50: port reads 6.00 (4.00 empty), port writes 2.00, register reads 0.50, writes 0',
    );
    expect(text.match(/bus accesses 8/g)).toHaveLength(1);
  });
});

import { describe, expect, it } from 'vitest';
import { reportJson } from '../../src/report/json.ts';
import { SAMPLE } from './sample.ts';

describe('the JSON of a report', () => {
  it('has the shape others read', () => {
    const { manifest, results } = JSON.parse(reportJson(SAMPLE));
    expect(Object.keys(manifest)).toEqual(
      expect.arrayContaining(['commandLine', 'versions', 'machine', 'configuration', 'workload', 'interval']),
    );
    expect(results[0]).toMatchObject({
      test: 'TCP_RR',
      stack: 'inic',
      api: 'socket',
      transport: 'ring',
      params: { connections: 1, size: 64 },
      rate: { value: 250_000, unit: 'transactions/s' },
      latencyUs: { p50: 3.9, p90: 4.5, p99: 12.25, p999: 40, max: 1500, mean: 5 },
      ledger: { balanced: true, perTransaction: { sendCopies: 2 }, total: { sendCopies: 500_000 } },
      cpu: { hostNsPerOp: 4000, iopNsPerOp: 3600 },
    });
    expect(results[0].repeats).toHaveLength(1);
    expect(results[1].ledger).toBeNull();
  });

  it('ends with a newline', () => {
    expect(reportJson(SAMPLE).endsWith('}\n')).toBe(true);
  });
});

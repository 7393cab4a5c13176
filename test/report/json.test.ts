import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reportJson, writeReport } from '../../src/report/json.ts';
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

  it('is written whole, ending with a newline', () => {
    const folder = mkdtempSync(join(tmpdir(), 'inic-'));
    try {
      const path = join(folder, 'report.json');
      writeReport(path, SAMPLE);
      const text = readFileSync(path, 'utf8');
      expect(text.endsWith('}\n')).toBe(true);
      expect(JSON.parse(text).results).toHaveLength(SAMPLE.results.length);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The results as comma-separated values. */
import { expect, it } from 'vitest';
import { reportCsv } from '../../src/report/csv.ts';
import { PLACED } from './placed-sample.ts';
import { SAMPLE } from './sample.ts';

function records(text: string): Record<string, string>[] {
  const [names, ...lines] = text
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(','));
  return lines.map((fields) => Object.fromEntries(names.map((name, i) => [name, fields[i]])));
}

it('has a line for each side, with its ratio to its baseline', () => {
  const [thread, inline, kernel] = records(reportCsv(PLACED));
  expect(thread).toMatchObject({ test: 'TCP_RR', api: 'net', side: 'thread', placement: 'thread' });
  expect(thread).toMatchObject({ baseline: 'kernel', ratio: '1.8', runs: '3', runs_collapsed: '1' });
  expect(inline).toMatchObject({ ratio: '1.5', ratio_low: '1.4', cpu_ns_per_op: '7100' });
  expect(kernel).toMatchObject({ side: 'kernel', baseline: '', ratio: '', transport: '', neighbours: '0' });
});

it('leaves empty what an older result does not tell', () => {
  const [inic] = records(reportCsv(SAMPLE));
  expect(inic).toMatchObject({ side: 'inic', ratio: '2', placement: '', cpu_ns_per_op: '' });
});

it('quotes a field with a comma, a quotation mark or a line break', () => {
  const [result] = PLACED.results;
  const params = { ...result.params, program: 'a,"b".js' };
  expect(reportCsv({ ...PLACED, results: [{ ...result, params }] })).toContain('\r\n"a,""b"".js",net,');
});

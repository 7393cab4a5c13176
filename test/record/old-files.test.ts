/** A trace and results that version 0.1.0 wrote stay readable. The files are never written again. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readInput } from '../../src/report/html/inputs.ts';
import { reportHtml } from '../../src/report/html/report.ts';
import { TraceDecoder } from '../../src/trace/decode/decoder.ts';
import { readTraces } from '../../src/trace/file.ts';
import { Validator } from '../../src/validate/validator.ts';

const old = (name: string): string => fileURLToPath(new URL(`old/${name}`, import.meta.url));

it('the trace of a program decodes, and is judged as it was', async () => {
  const messages = new Set<string>();
  const decoded = await readTraces(old('program.trace'), () => {
    return new TraceDecoder((event) => {
      if (event.type === 'frame') messages.add(event.message);
    });
  });
  expect(decoded).toBe(1);
  for (const name of ['ExecOutboundInit', 'SocketConnect', 'SocketSend']) {
    expect(messages).toContain(name);
  }
  const validator = new Validator();
  await readTraces(old('program.trace'), () => validator);
  expect([validator.ended, validator.findings.total]).toEqual([true, 0]);
  expect(validator.frames).toBeGreaterThan(100);
});

it('the results of a sweep have their plan and points', () => {
  const input = readInput(old('sweep.jsonl'));
  expect(input.kind).toBe('sweep');
  if (input.kind !== 'sweep') return;
  expect(input.results.head.varies).toEqual(['pools.transmitBuffers']);
  expect(input.results.points.map((point) => point.ok && point.ratePerS > 0)).toEqual([true, true]);
});

it('the results of a bench are shown on a page', () => {
  const input = readInput(old('bench.json'));
  expect(input.kind).toBe('bench');
  expect(reportHtml([input], () => undefined)).toContain('TCP_RR');
});

/** Each traced card of a bench has a file of its own. */
import { expect, it } from 'vitest';
import { traceFile } from '../../src/measure/trace-files.ts';
import type { Row, Side } from '../../src/record/row.ts';

const RING: Side = { stack: 'inic', transport: 'ring' };
const FIFO: Side = { stack: 'inic', transport: 'fifo' };
const PORT: Side = { stack: 'inic', transport: 'port' };
const KERNEL: Side = { stack: 'kernel', transport: null };

const row = (...sides: Side[]): Row => ({
  test: 'TCP_RR',
  api: 'socket',
  load: { connections: 32, size: 64 },
  sides,
});

it('is the file that was named when there is one card', () => {
  const only = row(RING, KERNEL);
  expect(traceFile('t.inic', [only], only, RING)).toBe('t.inic');
});

it('is named after row and side when there are more, before the extension', () => {
  const one = row(RING, FIFO);
  expect(traceFile('d.x/t.inic', [one], one, RING)).toBe('d.x/t-TCP_RR-socket-32x64-ring.inic');
  expect(traceFile('d.x/t', [one], one, FIFO)).toBe('d.x/t-TCP_RR-socket-32x64-fifo');
  expect(traceFile('t.inic', [row(RING), row(RING)], row(RING), RING)).not.toBe('t.inic');
});

it('is none for a side without frames', () => {
  const one = row(PORT, KERNEL);
  expect(traceFile('t', [one], one, KERNEL)).toBeUndefined();
  expect(traceFile('t', [one], one, PORT)).toBeUndefined();
});

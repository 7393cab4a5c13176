import { expect, test } from 'vitest';
import { formatHdmFigures, runHdmBench } from '../../bench/hdm.ts';

test('the benchmark of the device runs and every packet arrives with a good checksum', () => {
  const figures = runHdmBench(1);
  expect(figures.every(({ nsPerPacket }) => nsPerPacket > 0)).toBe(true);
  expect(formatHdmFigures(figures).split('\n').length).toBe(figures.length);
});

/** A pool's buffers in use over time, at one point measured again. */
import * as Plot from '@observablehq/plot';
import type { PoolTrack } from '../../record/pool-track.ts';
import { FONT, TIP } from './scales.ts';
import { shortNumber, timeText } from './words.ts';

interface Sample {
  readonly atUs: number;
  readonly min: number;
  readonly mean: number;
  readonly high: number;
}

export function occupancyChart(pool: PoolTrack, everyUs: number, width: number): Node {
  const samples: Sample[] = pool.mean.map((mean, i) => ({
    atUs: (i + 1) * everyUs,
    min: pool.min[i],
    mean,
    high: pool.highWater[i],
  }));
  const top = Math.max(1, ...pool.highWater);
  const full = pool.count <= 1.5 * top;
  const title = ({ atUs, min, mean, high }: Sample): string =>
    [
      `after ${timeText(atUs)}`,
      `high water ${shortNumber(high)}`,
      `mean ${shortNumber(mean)}`,
      `least ${shortNumber(min)}`,
    ].join('\n');
  const tip = { x: 'atUs', y: 'mean', title, ...TIP } as const;
  return Plot.plot({
    width,
    height: 190,
    marginLeft: 56,
    marginRight: 16,
    marginTop: 38,
    marginBottom: 36,
    style: FONT,
    ariaLabel: `buffers of ${pool.name} in use over time`,
    x: { label: 'virtual time', tickFormat: timeText, ticks: Math.max(2, Math.floor(width / 110)) },
    y: {
      label: 'buffers in use',
      grid: true,
      ticks: Math.min(4, full ? pool.count : top),
      domain: [0, full ? pool.count : top],
      tickFormat: shortNumber,
    },
    marks: [
      full ? Plot.ruleY([pool.count], { stroke: 'var(--knee)', strokeDasharray: '5 4' }) : undefined,
      full
        ? Plot.text([pool.count], {
            y: (count: number) => count,
            frameAnchor: 'right',
            dy: -8,
            text: (count: number) => `all ${count}`,
            fill: 'var(--knee)',
          })
        : undefined,
      Plot.areaY(samples, { x: 'atUs', y1: 'min', y2: 'high', fill: 'var(--c1)', fillOpacity: 0.25 }),
      Plot.line(samples, { x: 'atUs', y: 'mean', stroke: 'var(--c1)', strokeWidth: 2 }),
      Plot.tip(samples, Plot.pointerX(tip)),
    ].filter((mark) => mark !== undefined),
  });
}

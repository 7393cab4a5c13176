/** The charts and the table of one sweep. */
import { barChart, type Part } from './bars.ts';
import { allRows, namesBelow, numberAt } from './columns.ts';
import type { SweepData } from './data.ts';
import { choice, element, figure } from './dom.ts';
import { heatMap } from './heat.ts';
import { dotsByLine, dotsByMeasure, lineChart } from './lines.ts';
import { occupancyChart } from './occupancy.ts';
import { PointsTable } from './points-table.ts';
import { LOG_FROM } from './scales.ts';
import { alongX, firstView, fitsLines, type View } from './view.ts';
import { capital, lastWord, settingText, shortNumber, spaced, timeText } from './words.ts';

const HEIGHT = 270;
const SMALL_HEIGHT = 130;

const PERCENTILES: readonly (readonly [string, string])[] = [
  ['latencyUs.p50', 'p50'],
  ['latencyUs.p90', 'p90'],
  ['latencyUs.p99', 'p99'],
  ['latencyUs.p999', 'p99.9'],
  ['latencyUs.max', 'max'],
];

/** Parts of a request's time from the one that works first, with their colours. */
const TIMES: readonly (readonly [string, string, number])[] = [
  ['host', 'host', 0],
  ['bus', 'bus', 4],
  ['iop', 'IOP', 2],
  ['wire', 'wire', 5],
  ['queueing', 'queueing', 6],
  ['waiting', 'waiting for a pool', 1],
];

const STALL_COLOURS: Readonly<Record<string, number>> = {
  transmitBuffer: 1,
  bucket: 0,
  frame: 4,
  credit: 3,
  window: 2,
};

const COUNTS: readonly (readonly [string, string])[] = [
  ['perOperation.copies', 'copies'],
  ['perOperation.copiedBytes', 'bytes copied'],
  ['perOperation.dmaRequests', 'DMA requests'],
  ['perOperation.frames', 'message frames'],
  ['perOperation.interrupts', 'interrupts'],
  ['perOperation.doorbells', 'doorbells'],
];

type Figure = ReturnType<typeof figure>;

export class SweepPart {
  private readonly data: SweepData;
  private view: View;
  private readonly controls = element('div', { class: 'controls' });
  private readonly table: PointsTable;
  private readonly figures: readonly Figure[] = [];
  private heat: { measure: string; y: string };
  private pool: string;

  constructor(data: SweepData, place: HTMLElement) {
    this.data = data;
    this.view = firstView(data);
    this.table = new PointsTable(data);
    this.heat = { measure: 'ratePerS', y: this.otherAxis() };
    this.pool = this.firstPool();
    const large = [
      this.rateFigure(),
      this.latencyFigure(),
      this.stallFigure(),
      this.timeFigure(),
      this.heatFigure(),
      this.poolFigure(),
    ].filter((made) => made !== undefined);
    const counts = COUNTS.map(([measure, label]) => this.countFigure(measure, label));
    place.append(
      this.controls,
      element('div', { class: 'figures' }, ...large.map(({ node }) => node)),
      ...this.seriesParts(),
      element('h3', {}, `Copies, interrupts and the like for one ${data.operation}`),
      element('div', { class: 'figures small' }, ...counts.map(({ node }) => node)),
      this.tablePart(),
    );
    this.figures = [...large, ...counts];
    this.drawControls();
    this.redraw();
  }

  redraw(): void {
    for (const { redraw } of this.figures) redraw();
  }

  private readonly open = (point: number): void => {
    const details = this.table.node.closest('details');
    if (details !== null) details.open = true;
    this.table.open(point);
  };

  private show(view: View): void {
    this.view = view;
    if (this.heat.y === view.x) this.heat.y = this.otherAxis();
    this.drawControls();
    this.redraw();
  }

  private drawControls(): void {
    const { axes } = this.data;
    if (axes.length < 2) return;
    const { x, lines, fixed } = this.view;
    const paths = axes.map(({ path }) => [path, path] as const);
    const others = paths.filter(([path]) => path !== x && fitsLines(this.data, path));
    const values = axes
      .filter(({ path }) => path !== x)
      .map(({ path, values: all }) =>
        choice(
          path === lines ? `details of ${lastWord(path)}` : lastWord(path),
          all.map((value, i) => [String(i), settingText(value)] as const),
          String(all.indexOf(fixed[path])),
          (i) => this.show({ ...this.view, fixed: { ...fixed, [path]: all[Number(i)] } }),
        ),
      );
    this.controls.replaceChildren(
      choice('along', paths, x, (path) => this.show(alongX(this.data, this.view, path))),
      choice('a line for each', [['', 'no setting'], ...others], lines ?? '', (path) =>
        this.show({ ...this.view, lines: path === '' ? undefined : path }),
      ),
      ...values,
    );
  }

  private otherAxis(): string {
    const { axes } = this.data;
    return (axes.find(({ path }) => path !== this.view.x) ?? axes[0]).path;
  }

  private rateFigure(): Figure {
    const { operation, seeds } = this.data;
    const interval = seeds > 1 ? ` Shaded: the 95 % confidence interval over ${seeds} seeds.` : '';
    return figure('Throughput', `${capital(operation)}s a second.${interval}`, (width) =>
      lineChart({
        data: this.data,
        view: this.view,
        dots: dotsByLine(this.data, this.view, 'ratePerS'),
        width,
        height: HEIGHT,
        label: `${operation}s/s`,
        unit: `${operation}s/s`,
        format: shortNumber,
        open: this.open,
      }),
    );
  }

  private latencyFigure(): Figure {
    const caption =
      `Percentiles of a ${this.data.operation}. The scale is logarithmic where they lie far apart, ` +
      'and need not begin at 0.';
    return figure('Latency', caption, (width) => {
      const dots = dotsByMeasure(this.data, this.view, PERCENTILES);
      const values = dots.map(({ y }) => y);
      return lineChart({
        data: this.data,
        view: this.view,
        dots,
        width,
        height: HEIGHT,
        label: 'latency',
        format: timeText,
        fromZero: false,
        allLines: false,
        log: Math.min(...values) > 0 && Math.max(...values) >= LOG_FROM * Math.min(...values),
        open: this.open,
      });
    });
  }

  private stallFigure(): Figure | undefined {
    const { means } = this.data;
    const all = namesBelow(means, 'stallUs.');
    if (all.length === 0) return undefined;
    const some = all.filter((kind) => allRows(means).some((row) => numberAt(means, `stallUs.${kind}`, row)));
    const kinds = some.length === 0 ? all : some;
    const parts = kinds.map((kind, i) => ({
      measure: `stallUs.${kind}`,
      label: spaced(kind),
      colour: STALL_COLOURS[kind] ?? i,
    }));
    const caption =
      `Time in which sockets waited, for one ${this.data.operation}, by what they waited for.` +
      (some.length === 0 ? ' None has waited.' : '');
    return figure('Stalls', caption, (width) =>
      this.bars(parts, `stalled, of one ${this.data.operation}`, width),
    );
  }

  private timeFigure(): Figure {
    const { operation, means } = this.data;
    const names = namesBelow(means, 'timeUs.');
    // Before it was told apart, what an operation waited for was all that no part of the world had to do.
    const apart = names.includes('queueing');
    const parts = TIMES.filter(([name]) => names.includes(name)).map(([name, label, colour]) => ({
      measure: `timeUs.${name}`,
      label: name === 'waiting' && !apart ? 'waiting' : label,
      colour,
    }));
    const caption =
      `Mean time of one ${operation}: work of hosts, buses, card processors and wires, and what it waited. ` +
      'What went on at once counts in full, so the sum may exceed the latency.';
    return figure(`Where a ${operation}'s time went`, caption, (width) =>
      this.bars(parts, `time of one ${operation}`, width),
    );
  }

  private bars(parts: readonly Part[], label: string, width: number): Node | undefined {
    return barChart({
      data: this.data,
      view: this.view,
      parts,
      width,
      height: HEIGHT,
      label,
      format: timeText,
    });
  }

  private heatFigure(): Figure | undefined {
    const { axes, means, operation } = this.data;
    if (axes.length < 2) return undefined;
    const measures = (
      [
        ['ratePerS', `${operation}s/s`],
        ...PERCENTILES.map(([measure, label]) => [measure, `${label} latency`] as const),
        ['timeUs.waiting', 'waiting'],
      ] as const
    ).filter(([measure]) => measure in means.byName && means.byName[measure] !== null);
    const controls = element('div', { class: 'controls inner' });
    const made = figure(
      'Two settings at once',
      'Lighter is more.',
      (width) => {
        const others = axes.filter(({ path }) => path !== this.view.x);
        controls.replaceChildren(
          choice('of', measures, this.heat.measure, (measure) => {
            this.heat = { ...this.heat, measure };
            made.redraw();
          }),
          ...(others.length < 2
            ? []
            : [
                choice(
                  'upwards',
                  others.map(({ path }) => [path, path] as const),
                  this.heat.y,
                  (y) => {
                    this.heat = { ...this.heat, y };
                    made.redraw();
                  },
                ),
              ]),
        );
        const label = measures.find(([measure]) => measure === this.heat.measure)?.[1] ?? '';
        const format = this.heat.measure === 'ratePerS' ? shortNumber : timeText;
        return heatMap({
          ...this.heat,
          data: this.data,
          view: this.view,
          label,
          format,
          width,
          open: this.open,
        });
      },
      controls,
    );
    return made;
  }

  private poolNames(): string[] {
    const names = namesBelow(this.data.means, 'pools.');
    return [...new Set(names.map((name) => name.slice(0, name.lastIndexOf('.'))))];
  }

  /** Of the kind that is varied, where it is one. */
  private firstPool(): string {
    const names = this.poolNames();
    const kind = /receive/i.test(this.view.x) ? 'receive' : 'transmit';
    return names.find((name) => name.endsWith(`.${kind}`)) ?? names[0] ?? '';
  }

  private poolFigure(): Figure | undefined {
    const names = this.poolNames();
    if (names.length === 0) return undefined;
    const made = figure(
      'Buffers in use',
      'Of one pool: least, mean by time, and most at once, beside what it has.',
      (width) =>
        lineChart({
          data: this.data,
          view: this.view,
          dots: dotsByMeasure(
            this.data,
            this.view,
            ['highWater', 'mean', 'min', 'count'].map(
              (name) => [`pools.${this.pool}.${name}`, spaced(name)] as const,
            ),
          ),
          width,
          height: HEIGHT,
          label: 'buffers',
          allLines: false,
          format: shortNumber,
          open: this.open,
        }),
      element(
        'div',
        { class: 'controls inner' },
        choice(
          'pool',
          names.map((name) => [name, spaced(name)] as const),
          this.pool,
          (pool) => {
            this.pool = pool;
            made.redraw();
          },
        ),
      ),
    );
    return made;
  }

  private countFigure(measure: string, label: string): Figure {
    return figure(label, '', (width) =>
      lineChart({
        data: this.data,
        view: this.view,
        dots: dotsByLine(this.data, this.view, measure),
        width,
        height: SMALL_HEIGHT,
        label,
        format: shortNumber,
        small: true,
        open: this.open,
      }),
    );
  }

  private seriesParts(): HTMLElement[] {
    const { series } = this.data;
    if (series.length === 0) return [];
    const names = series[0].pools.map(({ name }) => name);
    let chosen = names.find((name) => name === this.pool) ?? names[0];
    const figures = series.map(({ label, settings, everyUs, pools }) =>
      figure(label, settings, (width) => {
        const pool = pools.find(({ name }) => name === chosen);
        return pool === undefined ? undefined : occupancyChart(pool, everyUs, width);
      }),
    );
    const pick = choice(
      'pool',
      names.map((name) => [name, spaced(name)] as const),
      chosen,
      (pool) => {
        chosen = pool;
        for (const { redraw } of figures) redraw();
      },
    );
    return [
      element('h3', {}, 'Buffers in use over time'),
      element(
        'p',
        { class: 'caption' },
        'Chosen points, measured again: the line is the mean of each interval, the band from least to most.',
      ),
      element('div', { class: 'controls inner' }, pick),
      element('div', { class: 'figures series' }, ...figures.map(({ node }) => node)),
    ];
  }

  /** Its rows are made when it is opened. */
  private tablePart(): HTMLElement {
    const { points } = this.data;
    const summary = element('summary', {}, `All ${points.rows.toLocaleString('en-US')} points`);
    const details = element('details', { class: 'all-points' }, summary);
    details.addEventListener('toggle', () => {
      if (details.open) this.table.draw();
    });
    const { leftOut } = this.data;
    if (leftOut !== '') details.append(element('p', { class: 'caption' }, leftOut));
    details.append(this.table.node);
    return details;
  }
}

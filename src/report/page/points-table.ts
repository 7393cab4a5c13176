/** The table of all points: fifty at a time, sorted and filtered, each with all it says one click away. */
import { allRows, cellAt, namesBelow } from './columns.ts';
import type { Cell, SweepData } from './data.ts';
import { element } from './dom.ts';
import { matcher, type NamedColumn } from './filter.ts';
import { pointDetails } from './point-details.ts';
import { cellText, settingText } from './words.ts';

const PAGE_ROWS = 50;

/** Of what was measured, those worth a column; the others are in the details. */
const MEASURED: readonly (readonly [string, string])[] = [
  ['ratePerS', 'rate /s'],
  ['bytesPerS', 'bytes /s'],
  ['latencyUs.p50', 'p50 µs'],
  ['latencyUs.p99', 'p99 µs'],
  ['timeUs.waiting', 'waiting µs'],
];

export class PointsTable {
  readonly node: HTMLElement;
  private readonly data: SweepData;
  private readonly columns: readonly NamedColumn[];
  private readonly body = element('tbody');
  private readonly status = element('p', { class: 'status', role: 'status' });
  private readonly back = element('button', { type: 'button' }, 'Previous');
  private readonly on = element('button', { type: 'button' }, 'Next');
  private readonly filter = element('input', {
    type: 'search',
    placeholder: 'words, or p99 > 100',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  private readonly heads: HTMLTableCellElement[] = [];
  private rows: number[];
  private readonly opened = new Set<number>();
  private first = 0;
  private sortedBy = 0;
  private rising = true;

  constructor(data: SweepData) {
    this.data = data;
    const { points } = data;
    const settings = namesBelow(points, 'settings.');
    this.columns = [
      { name: 'point', label: 'point' },
      ...settings.map((path) => ({ name: `settings.${path}`, label: path })),
      ...MEASURED.filter(([name]) => name in points.byName).map(([name, label]) => ({ name, label })),
      ...('error' in points.byName ? [{ name: 'error', label: 'error' }] : []),
    ];
    this.rows = allRows(points);
    this.node = this.build();
  }

  /** Draws the rows: not before somebody looks. */
  draw(): void {
    const shown = this.rows.slice(this.first, this.first + PAGE_ROWS);
    this.body.replaceChildren(...shown.flatMap((row) => this.rowNodes(row)));
    const to = this.first + shown.length;
    const total = this.data.points.rows;
    const of = this.rows.length === total ? `${total}` : `${this.rows.length} that match, of ${total}`;
    this.status.textContent =
      shown.length === 0 ? `None of ${total} matches.` : `${this.first + 1} to ${to} of ${of}`;
    this.back.disabled = this.first === 0;
    this.on.disabled = to >= this.rows.length;
    this.heads.forEach((head, i) => {
      if (i === this.sortedBy) head.setAttribute('aria-sort', this.rising ? 'ascending' : 'descending');
      else head.removeAttribute('aria-sort');
    });
  }

  /** Shows one point's details, wherever it stands. */
  open(point: number): void {
    const row = allRows(this.data.points).find((i) => cellAt(this.data.points, 'point', i) === point);
    if (row === undefined) return;
    if (!this.rows.includes(row)) {
      this.filter.value = '';
      this.select();
    }
    this.opened.add(row);
    this.first = PAGE_ROWS * Math.floor(this.rows.indexOf(row) / PAGE_ROWS);
    this.draw();
    const button = this.body.querySelector<HTMLElement>(`button[data-row="${row}"]`);
    button?.scrollIntoView({ block: 'center' });
    button?.focus({ preventScroll: true });
  }

  private build(): HTMLElement {
    this.filter.addEventListener('input', () => {
      this.select();
      this.draw();
    });
    this.back.addEventListener('click', () => this.turn(-PAGE_ROWS));
    this.on.addEventListener('click', () => this.turn(PAGE_ROWS));
    const head = element('tr');
    this.columns.forEach(({ label }, i) => {
      const button = element('button', { type: 'button' }, label);
      button.addEventListener('click', () => this.sort(i));
      const cell = element('th', { scope: 'col' }, button);
      this.heads.push(cell);
      head.append(cell);
    });
    return element(
      'div',
      { class: 'points' },
      element('label', { class: 'choice' }, element('span', {}, 'Show'), this.filter),
      element(
        'div',
        { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'all points' },
        element('table', {}, element('thead', {}, head), this.body),
      ),
      element('div', { class: 'pager' }, this.back, this.on, this.status),
    );
  }

  private turn(rows: number): void {
    this.first = Math.max(0, this.first + rows);
    this.draw();
  }

  private sort(column: number): void {
    this.rising = column === this.sortedBy ? !this.rising : true;
    this.sortedBy = column;
    this.select();
    this.draw();
  }

  /** Finds and sorts the rows anew. */
  private select(): void {
    const { points } = this.data;
    const { name } = this.columns[this.sortedBy];
    const matches = matcher(points, this.columns, this.filter.value);
    this.rows = allRows(points)
      .filter(matches)
      .sort((a, b) => compared(cellAt(points, name, a), cellAt(points, name, b), this.rising));
    this.first = 0;
  }

  private rowNodes(row: number): HTMLElement[] {
    const { points } = this.data;
    const open = this.opened.has(row);
    const point = cellText(cellAt(points, 'point', row));
    const button = element(
      'button',
      { type: 'button', class: 'open', 'aria-expanded': String(open), 'data-row': String(row) },
      point,
    );
    button.addEventListener('click', () => {
      if (!this.opened.delete(row)) this.opened.add(row);
      this.draw();
      this.body.querySelector<HTMLElement>(`button[data-row="${row}"]`)?.focus();
    });
    const cells = this.columns.slice(1).map(({ name }) => {
      const value = cellAt(points, name, row);
      const number = typeof value === 'number';
      const text = name.startsWith('settings.') ? settingText(value) : cellText(value);
      return element('td', number ? { class: 'number' } : {}, name === 'error' && value === null ? '' : text);
    });
    const line = element('tr', {}, element('th', { scope: 'row' }, button), ...cells);
    if (!open) return [line];
    const details = element('td', { colspan: String(this.columns.length) }, pointDetails(this.data, row));
    return [line, element('tr', { class: 'details' }, details)];
  }
}

/** Numbers by size, words by the alphabet; what is missing comes last either way. */
function compared(a: Cell, b: Cell, rising: boolean): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  const [low, high] = rising ? [a, b] : [b, a];
  if (typeof low === 'number' && typeof high === 'number') return low - high;
  return String(low).localeCompare(String(high), 'en');
}

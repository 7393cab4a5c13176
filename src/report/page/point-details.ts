/** All that one point says. */
import { cellAt } from './columns.ts';
import type { Columns, SweepData } from './data.ts';
import { element, table } from './dom.ts';
import { cellText, settingText, spaced } from './words.ts';

const TITLES: Readonly<Record<string, string>> = {
  settings: 'Settings (what differs from the plan)',
  latencyUs: 'Latency, µs',
  timeUs: 'Time of one operation, µs',
  perOperation: 'Of one operation',
  pools: 'Pools',
  stalls: 'Stalls',
};

const HIDDEN = new Set(['point', 'ok']);

export function pointDetails({ points, file }: SweepData, row: number): HTMLElement {
  const plain: [string, string][] = [];
  const groups = new Map<string, string[]>();
  for (const name of Object.keys(points.byName)) {
    const cell = cellAt(points, name, row);
    if (cell === null || HIDDEN.has(name)) continue;
    const dot = name.indexOf('.');
    if (dot < 0) plain.push([spaced(name), cellText(cell)]);
    else groups.set(name.slice(0, dot), [...(groups.get(name.slice(0, dot)) ?? []), name]);
  }
  const parts = [...groups].map(([group, names]) =>
    element(
      'section',
      {},
      element('h4', {}, TITLES[group] ?? spaced(group)),
      groupPart(points, row, group, names),
    ),
  );
  const [settings, ...others] = parts;
  const measured = element('section', {}, element('h4', {}, 'Measured'), list(plain));
  return element(
    'div',
    { class: 'detail' },
    ...(settings === undefined ? [] : [settings]),
    measured,
    ...others,
    ...(cellAt(points, 'ok', row) === true ? [wayOf(file, cellText(cellAt(points, 'point', row)))] : []),
  );
}

/** How to see the way of one of its operations. */
function wayOf(file: string, point: string): HTMLElement {
  const command = element('code', {}, `npx inic explain ${file}#${point.replaceAll(',', '')}`);
  return element('p', {}, 'Where one operation of it spent its time: ', command);
}

/** What has a name and a column of its own, such as `pools.left.transmit.mean`, is a table. */
function groupPart(points: Columns, row: number, group: string, names: readonly string[]): HTMLElement {
  const inner = names.map((name) => name.slice(group.length + 1));
  const text = (name: string): string => {
    const cell = cellAt(points, `${group}.${name}`, row);
    return group === 'settings' ? settingText(cell) : cellText(cell);
  };
  if (group === 'settings' || !inner.every((name) => name.includes('.'))) {
    return list(inner.map((name) => [group === 'settings' ? name : spaced(name), text(name)]));
  }
  const split = inner.map((name) => [
    name.slice(0, name.lastIndexOf('.')),
    name.slice(name.lastIndexOf('.') + 1),
  ]);
  const rows = [...new Set(split.map(([first]) => first))];
  const columns = [...new Set(split.map(([, last]) => last))];
  return table(
    ['', ...columns.map(spaced)],
    rows.map((first) => [spaced(first), ...columns.map((last) => text(`${first}.${last}`))]),
  );
}

function list(entries: readonly (readonly [string, string])[]): HTMLElement {
  return element(
    'dl',
    {},
    ...entries.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
}

/**
 * Draws a state machine in SVG. The states stand in a column; transitions downwards run in lanes to their
 * right, those upwards in lanes to their left, so that no line crosses a state. The numbers are those of the
 * table of transitions below the drawing.
 */
import type { MachineEntry } from '../spec/entries.ts';
import { escaped } from './spec-html-parts.ts';

const BOX_WIDTH = 170;
const BOX_HEIGHT = 34;
const ROW_HEIGHT = 74;
const LANE_WIDTH = 40;
const MARGIN = 24;
const TIP = 7;
/** A transition from more states than this is drawn only as a short arrow into the state where it ends. */
const DRAWN_STARTS_MAX = 3;

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly numbers: number[];
  lane: number;
}

export function machineDrawing(machine: MachineEntry): string {
  const order = statesInOrder(machine);
  const { edges, stubs } = edgesOf(machine, order);
  const right = assignLanes(edges.filter(({ from, to }) => from < to));
  const left = assignLanes(edges.filter(({ from, to }) => from > to));
  const boxLeft = MARGIN + left * LANE_WIDTH;
  const width = boxLeft + BOX_WIDTH + right * LANE_WIDTH + MARGIN + LANE_WIDTH;
  const height = MARGIN + order.length * ROW_HEIGHT;
  const parts = [
    ...edges.map((edge) => drawEdge(edge, edges, boxLeft)),
    ...order.map((name, row) => drawState(machine, name, row, boxLeft)),
    ...[...stubs].map(([row, numbers]) => drawStub(row, numbers, boxLeft)),
  ];
  const title = `<title>State machine ${escaped(machine.name)}</title>`;
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return `<svg ${size} role="img">${title}\n${parts.join('\n')}\n</svg>`;
}

/** Orders states by how few steps lead to them from the initial state; those that none leads to come last. */
function statesInOrder({ states, transitions, initial }: MachineEntry): string[] {
  const order = [initial];
  for (let i = 0; i < order.length; i++) {
    for (const { in: starts, to } of transitions) {
      if (starts.includes(order[i]) && to !== 'same' && !order.includes(to)) order.push(to);
    }
  }
  return [...order, ...states.map(({ name }) => name).filter((name) => !order.includes(name))];
}

/** Joins the transitions between the same two states to one line. */
function edgesOf(
  machine: MachineEntry,
  order: readonly string[],
): { edges: Edge[]; stubs: Map<number, number[]> } {
  const edges: Edge[] = [];
  const stubs = new Map<number, number[]>();
  machine.transitions.forEach(({ in: starts, to: target }, index) => {
    if (target === 'same') return;
    const to = order.indexOf(target);
    if (starts.length > DRAWN_STARTS_MAX) {
      stubs.set(to, [...(stubs.get(to) ?? []), index + 1]);
      return;
    }
    for (const from of starts.map((name) => order.indexOf(name))) {
      if (from === to) continue;
      const known = edges.find((edge) => edge.from === from && edge.to === to);
      if (known !== undefined) known.numbers.push(index + 1);
      else edges.push({ from, to, numbers: [index + 1], lane: 0 });
    }
  });
  return { edges, stubs };
}

/**
 * Gives each line a lane: short lines near the states, no two that overlap in one.
 * @returns how many lanes.
 */
function assignLanes(edges: readonly Edge[]): number {
  const lanes: Edge[][] = [];
  const span = ({ from, to }: Edge): number => Math.abs(from - to);
  const overlap = (a: Edge, b: Edge): boolean =>
    Math.min(a.from, a.to) <= Math.max(b.from, b.to) && Math.min(b.from, b.to) <= Math.max(a.from, a.to);
  for (const edge of [...edges].sort((a, b) => span(a) - span(b))) {
    const free = lanes.findIndex((lane) => !lane.some((other) => overlap(edge, other)));
    edge.lane = free < 0 ? lanes.length : free;
    if (free < 0) lanes.push([edge]);
    else lanes[free].push(edge);
  }
  return lanes.length;
}

const middleOf = (row: number): number => MARGIN + row * ROW_HEIGHT + BOX_HEIGHT / 2 + TIP;

/** The height at which a line meets a state, so that several at one side of it do not meet. */
function heightOf(row: number, edge: Edge, edges: readonly Edge[]): number {
  const down = edge.from < edge.to;
  const touching = edges.filter(({ from, to }) => from < to === down && (from === row || to === row));
  const step = (BOX_HEIGHT - 6) / (touching.length + 1);
  return middleOf(row) - BOX_HEIGHT / 2 + 3 + step * (touching.indexOf(edge) + 1);
}

function drawEdge(edge: Edge, edges: readonly Edge[], boxLeft: number): string {
  const down = edge.from < edge.to;
  const side = down ? boxLeft + BOX_WIDTH : boxLeft;
  const out = down ? 1 : -1;
  const x = side + out * (edge.lane + 0.7) * LANE_WIDTH;
  const [start, end] = [heightOf(edge.from, edge, edges), heightOf(edge.to, edge, edges)];
  const way = `M${side},${round(start)} H${round(x)} V${round(end)} H${side + out * TIP}`;
  const line = `<path class="edge" d="${way}"/>`;
  const tip = `<path class="tip" d="M${side},${round(end)} l${out * TIP},-4 v8 z"/>`;
  return `${line}${tip}${badge(x, (start + end) / 2, edge.numbers)}`;
}

/** Draws a short arrow into the top of a box; the table says from which states it comes. */
function drawStub(row: number, numbers: readonly number[], boxLeft: number): string {
  const x = boxLeft + BOX_WIDTH / 2;
  const top = middleOf(row) - BOX_HEIGHT / 2;
  const line = `<path class="edge" d="M${x},${top - 16} V${top - TIP}"/>`;
  const tip = `<path class="tip" d="M${x},${top} l-4,-${TIP} h8 z"/>`;
  const shown = numbers.map((number) => `<a href="#t${number}">${number}</a>`).join(', ');
  return `${line}${tip}<text class="number" x="${x + 8}" y="${top - 8}">from many: ${shown}</text>`;
}

function badge(x: number, y: number, numbers: readonly number[]): string {
  const shown = numbers.length > 2 ? `${numbers[0]}…` : numbers.join(',');
  const width = 10 + shown.length * 7;
  const place = `x="${round(x - width / 2)}" y="${round(y - 9)}" width="${width}" height="18"`;
  const box = `<rect class="badge" ${place} rx="9"/>`;
  const middle = `text-anchor="middle" x="${round(x)}" y="${round(y + 4)}"`;
  const text = `<text class="number" ${middle}>${shown}</text>`;
  return `<a href="#t${numbers[0]}"><title>transitions ${numbers.join(', ')}</title>${box}${text}</a>`;
}

function drawState(machine: MachineEntry, name: string, row: number, boxLeft: number): string {
  const kind = name === machine.initial ? 'state initial' : 'state';
  const y = middleOf(row) - BOX_HEIGHT / 2;
  const place = `x="${boxLeft}" y="${y}" width="${BOX_WIDTH}" height="${BOX_HEIGHT}"`;
  const box = `<rect class="${kind}" ${place} rx="8"/>`;
  const middle = `x="${boxLeft + BOX_WIDTH / 2}" y="${middleOf(row) + 5}"`;
  const text = `<text text-anchor="middle" ${middle}>${escaped(name)}</text>`;
  return `<a href="#state-${escaped(name)}">${box}${text}</a>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

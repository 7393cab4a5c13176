/**
 * What the Trace Event Format (its JSON object form) asks of a file, and what viewers ask beyond that: slices
 * of one track nest, and what is bound to a slice comes behind it where both have one time.
 */

interface Event {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly id?: number | string;
  readonly cat?: string;
  readonly bp?: string;
  readonly cname?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** A slice in whole nanoseconds, and its place in the file. */
interface Slice {
  readonly startNs: number;
  readonly endNs: number;
  readonly place: number;
}

const UNITS = ['ms', 'ns'];
const PHASES = ['M', 'X', 'B', 'E', 's', 't', 'f', 'C'];
/** Metadata, and the kind of argument that each has. */
const METADATA: Readonly<Record<string, [string, string]>> = {
  process_name: ['name', 'string'],
  process_sort_index: ['sort_index', 'number'],
  thread_name: ['name', 'string'],
  thread_sort_index: ['sort_index', 'number'],
};
/** Some of the names of colours that a viewer knows. */
const COLOURS = ['good', 'bad', 'terrible', 'black', 'grey', 'white', 'yellow', 'olive', 'generic_work'];

const trackOf = ({ pid, tid }: Event): string => `${pid}/${tid}`;
const flowOf = ({ cat, name, id }: Event): string => `${cat}/${name}/${id}`;
const isTime = (us: unknown): us is number => typeof us === 'number' && Number.isFinite(us) && us >= 0;
const toNs = (us: number): number => Math.round(us * 1000);

/** @returns a line for each breach; none for a good file. */
export function breaches(text: string): string[] {
  let file: { traceEvents?: unknown; displayTimeUnit?: unknown };
  try {
    file = JSON.parse(text);
  } catch (error) {
    return [`no JSON: ${error}`];
  }
  const { traceEvents: events, displayTimeUnit: unit } = file;
  if (!Array.isArray(events)) return ['traceEvents is no list'];
  const found = unit === undefined || UNITS.includes(String(unit)) ? [] : [`displayTimeUnit is ${unit}`];
  found.push(...events.flatMap(shapeOf));
  // What is not of the right shape cannot be held against others.
  return found.length > 0 ? found : [...namesOf(events), ...nestingOf(events), ...flowsOf(events)];
}

/** What an event by itself must be. */
function shapeOf(event: Event, place: number): string[] {
  const { ph, name, pid, tid, ts, dur, id, cname, args } = event;
  const found: string[] = [];
  const check = (good: boolean, what: string): void => {
    if (!good) found.push(`event ${place} (${ph} ${name}): ${what}`);
  };
  check(PHASES.includes(ph), 'its phase is unknown');
  check(typeof name === 'string' && (name !== '' || ph === 'E'), 'it has no name');
  check([pid, tid].every(Number.isInteger), 'pid and tid are whole numbers');
  check(isTime(ts), 'ts is a time');
  check(Math.abs(ts * 1000 - toNs(ts)) < 1e-3, 'ts is more than whole nanoseconds');
  check(ph === 'X' ? isTime(dur) : dur === undefined, 'dur is of X, and a time');
  check(['s', 't', 'f'].includes(ph) === (id !== undefined), 'id is of arrows');
  check(cname === undefined || COLOURS.includes(cname), `no viewer knows the colour ${cname}`);
  if (ph === 'M') {
    const [key, type] = METADATA[name] ?? ['', ''];
    const said = args?.[key];
    check(typeof said === type && said !== '', 'it names nothing');
  }
  if (ph === 'C') {
    const series = Object.values(args ?? {});
    check(series.length > 0 && series.every(Number.isFinite), 'it counts nothing');
  }
  return found;
}

/** Each process and track that has an event has one name. */
function namesOf(events: readonly Event[]): string[] {
  const metadata = events.filter(({ ph }) => ph === 'M');
  const twice = metadata
    .map((event) => `${event.name} of ${event.name.startsWith('process') ? event.pid : trackOf(event)}`)
    .filter((key, i, keys) => keys.indexOf(key) !== i);
  const named = (what: string): Event[] => metadata.filter(({ name }) => name === what);
  const processes = new Set(named('process_name').map(({ pid }) => pid));
  const tracks = new Set(named('thread_name').map(trackOf));
  const others = events.filter(({ ph }) => ph !== 'M');
  return [
    ...twice.map((key) => `${key} is said twice`),
    ...others.filter(({ pid }) => !processes.has(pid)).map(({ pid }) => `process ${pid} has no name`),
    ...others.filter((event) => !tracks.has(trackOf(event))).map((event) => `${trackOf(event)} has no name`),
  ];
}

/** Slices of each track, B and E made one. */
function slicesOf(events: readonly Event[]): { slices: Map<string, Slice[]>; found: string[] } {
  const slices = new Map<string, Slice[]>();
  const open = new Map<string, { startNs: number; place: number }[]>();
  const found: string[] = [];
  const at = <T>(map: Map<string, T[]>, key: string): T[] => {
    const list = map.get(key) ?? [];
    map.set(key, list);
    return list;
  };
  events.forEach((event, place) => {
    const { ph, ts, dur = 0 } = event;
    const key = trackOf(event);
    const startNs = toNs(ts);
    if (ph === 'X') at(slices, key).push({ startNs, endNs: startNs + toNs(dur), place });
    if (ph === 'B') at(open, key).push({ startNs, place });
    if (ph !== 'E') return;
    const begun = at(open, key).pop();
    if (begun === undefined || begun.startNs > startNs) found.push(`${key}: an E at ${ts} ends nothing`);
    else at(slices, key).push({ ...begun, endNs: startNs });
  });
  for (const [key, begun] of open) if (begun.length > 0) found.push(`${key}: a B has no E`);
  return { slices, found };
}

/** Slices of one track lie beside or within each other, the outer one first in the file. */
function nestingOf(events: readonly Event[]): string[] {
  const { slices, found } = slicesOf(events);
  for (const [key, list] of slices) {
    const stack: Slice[] = [];
    const inOrder = list.sort((a, b) => a.startNs - b.startNs || b.endNs - a.endNs || a.place - b.place);
    for (const slice of inOrder) {
      while (stack.length > 0 && stack[stack.length - 1].endNs <= slice.startNs) stack.pop();
      const outer = stack[stack.length - 1];
      stack.push(slice);
      if (outer === undefined) continue;
      const pair = `${key}: ${slice.startNs} to ${slice.endNs}, ${outer.startNs} to ${outer.endNs} ns`;
      if (slice.endNs > outer.endNs) found.push(`${pair} overlap`);
      if (slice.startNs === outer.startNs && slice.place < outer.place) found.push(`${pair}: inner first`);
    }
  }
  return found;
}

/** Each arrow has one begin and one end, in this order, each within a slice that stands before it. */
function flowsOf(events: readonly Event[]): string[] {
  const { slices } = slicesOf(events);
  const found: string[] = [];
  const flows = new Map<string, Event[]>();
  events.forEach((event, place) => {
    if (!['s', 't', 'f'].includes(event.ph)) return;
    const key = flowOf(event);
    flows.set(key, [...(flows.get(key) ?? []), event]);
    const ns = toNs(event.ts);
    // Without it an arrow ends at the slice that comes next.
    const encloses = event.ph !== 'f' || event.bp === 'e';
    const bound = (slices.get(trackOf(event)) ?? []).some(({ startNs, endNs, place: at }) =>
      encloses ? startNs <= ns && ns < endNs && at < place : startNs >= ns,
    );
    if (!bound) found.push(`arrow ${key}: ${event.ph} is bound to no slice`);
  });
  for (const [key, ends] of flows) {
    const phases = [...ends].sort((a, b) => a.ts - b.ts).map(({ ph }) => ph);
    if (!/^st*f$/.test(phases.join(''))) found.push(`arrow ${key} is ${phases.join(' ')}`);
  }
  return found;
}
